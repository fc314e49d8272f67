/**
 * The local Functions host as a process of its own: `node tools/local/host/main.ts --app DIRECTORY [--name NAME]`.
 * Prints {"ready":true,"functions":[...]} when the app is loaded and its triggers listen, and sends the same over
 * an IPC channel if there is one. Ends with code 0 on SIGTERM and SIGINT, and when the parent at the other end of
 * the channel is gone; with code 1 when the app can't be loaded or an error escapes it.
 */
import { parseArgs } from 'node:util';
import { startHost } from './host.ts';
import { logToStdout } from './log.ts';

process.on('uncaughtException', (error) => escaped('Uncaught exception', error));
process.on('unhandledRejection', (reason) => escaped('Unhandled rejection', reason));

// Listened for from the beginning: a parent can disappear while the app is loaded.
const stopRequested = new Promise((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, resolve);
  process.once('disconnect', resolve);
});

try {
  const { values } = parseArgs({ options: { app: { type: 'string' }, name: { type: 'string' } } });
  if (!values.app) throw new Error('--app DIRECTORY is missing.');
  const host = await startHost(values.app, values.name ?? 'host', logToStdout);
  const ready = { ready: true, functions: host.functions };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  if (process.connected) process.send?.(ready);
  await stopRequested;
  await host.stop();
  process.exit(0);
} catch (error) {
  // The message as it is: it is written for the person who starts the app.
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  logToStdout('critical', 'Host.Startup', error instanceof Error ? `${error.stack}` : String(error));
  process.exit(1);
}

/** The real worker ends as well, and with it every running invocation: what is left behind is unknown. */
function escaped(what: string, error: unknown): void {
  logToStdout('critical', 'Host', `${what}: ${error instanceof Error ? error.stack : error}`);
  process.exit(1);
}
