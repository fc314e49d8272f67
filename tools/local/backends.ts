import { aborted, untilStopped } from '../terminal/untilStopped.ts';
import { addressLines, startLocalCloud } from './cloud.ts';

// `npm run local:backends`: PostgreSQL, Azurite and the Event Hubs emulator, for `func start` and other clients.
const stopped = untilStopped();
try {
  const cloud = await startLocalCloud(console.log);
  cloud.keepEmulator();
  console.log(addressLines(cloud).join('\n'));
  console.log(
    'Ready. Copy local.settings.sample.json to local.settings.json for `func start`. Ctrl-C stops.',
  );
  try {
    await Promise.race([aborted(stopped), cloud.lost]);
  } finally {
    console.log('Stopping ...');
    await cloud.stop();
  }
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
