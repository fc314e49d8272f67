import assert from 'node:assert/strict';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it } from 'vitest';
import {
  type RestartableChild,
  startChild,
  startRestartable,
} from '../../tools/local/processes/childProcess.ts';
import { buildDotnet, skipWithout } from '../clients/tools.ts';
import { skipBecause } from '../support/skipBecause.ts';
import { until } from '../support/until.ts';
import { FaultBed } from './faultBed.ts';
import { makeTestApp } from './testApp.ts';

const SEED = 57;
const EVENTS = 20_000;
const PROGRAM = fileURLToPath(new URL('dotnetHost.ts', import.meta.url));
const skip = await skipWithout('dotnet', '--version');

describe(
  `the processor of the client for .NET reads into the handlers, seed ${SEED}`,
  skipBecause(skip),
  () => {
    let bed: FaultBed;
    let host: RestartableChild;
    beforeAll(async () => {
      const [client, started] = await Promise.all([buildDotnet('host', 'Host'), FaultBed.start(SEED)]);
      bed = started;
      const folder = join(bed.cloud.stateDirectory, 'dotnet-host');
      const app = makeTestApp(join(folder, 'app'));
      host = await startRestartable(() =>
        startChild({
          name: 'The Functions host with the client for .NET',
          command: [process.execPath, PROGRAM, '--app', app, '--client', client],
          logFile: join(folder, 'host.log'),
          environment: { ...process.env, ...bed.cloud.environment },
          isReady: (output) => output().includes('{"ready":true'),
          readyWithinMs: 60_000,
          stopBy: 'disconnect',
          stopWithinMs: 5_000,
        }),
      );
    });
    afterAll(async () => {
      await host?.stop();
      await bed?.stop();
    });

    it(`${EVENTS} events and two kills give the tables of the model`, async () => {
      await bed.publish(EVENTS);
      for (const share of [0.25, 0.6]) {
        await until(`${share * EVENTS} events are processed`, 120_000, async () => {
          return (await bed.progress()).consumed >= share * EVENTS;
        });
        host.kill('SIGKILL');
        await host.ended;
        await host.restart();
      }
      await bed.caughtUp();
      const { failures, consumed, gaps, model_mismatches: mismatches } = await bed.report();
      assert.deepEqual(
        { failures, consumed, gaps, mismatches },
        { failures: [], consumed: EVENTS, gaps: 0, mismatches: 0 },
      );
      const redelivered = await bed.redelivered();
      process.stdout.write(`${EVENTS} events, 2 kills, ${redelivered} redelivered\n`);
    });
  },
);
