import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { localCloudFrom } from '../target/localCloud.ts';
import { lockStateDirectory } from './processes/lock.ts';
import { stopLeftoverPostmaster } from './processes/postmaster.ts';

// `npm run local:reset`: forgets everything the local cloud stored.
try {
  const { stateDirectory } = localCloudFrom(process.env);
  const release = lockStateDirectory(stateDirectory);
  await stopLeftoverPostmaster(join(resolve(stateDirectory), 'postgres', 'data'));
  rmSync(stateDirectory, { recursive: true, force: true });
  release();
  console.log(`Cleared ${stateDirectory}.`);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
