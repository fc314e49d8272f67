import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { postgresUser } from '../../tools/local/processes/postgresUser.ts';
import { skipBecause } from '../support/skipBecause.ts';
import { FaultBed } from './faultBed.ts';

const SEED = 61;
const SIZE = '8m';

/** A small disk; only root can make one. `refusals.slow.test.ts` has the same SQLSTATE everywhere. */
function mountSmallDisk(): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'small-disk-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', directory]);
  if (status === 0) return directory;
  rmSync(directory, { recursive: true });
  return undefined;
}

const disk = mountSmallDisk();

describe(
  `the disk is full, seed ${SEED}`,
  skipBecause(disk === undefined && 'this user can not mount a disk'),
  () => {
    let bed: FaultBed;
    beforeAll(async () => {
      bed = await FaultBed.start(SEED);
      const place = join(disk!, 'tables');
      mkdirSync(place);
      if (process.getuid?.() === 0) chownSync(place, postgresUser().fileOwner, postgresUser().fileOwner);
      await bed.sql(`CREATE TABLESPACE small LOCATION '${place}'`);
      await bed.sql('ALTER TABLE bo.ledger_entries SET TABLESPACE small');
      await bed.startHost();
      await bed.publish(200);
      await bed.caughtUp();
    });
    afterAll(async () => {
      await bed.stop();
      spawnSync('umount', ['--lazy', disk!]);
      rmSync(disk!, { recursive: true, force: true });
    });

    it('the batches wait until there is room', async () => {
      const filler = join(disk!, 'filler');
      fill(filler);
      await bed.untilLogged(/SQLSTATE 53100: its disk is full/, () => bed.publish(600));
      rmSync(filler);
      await bed.caughtUp();
      await bed.assertExact();
    });
  },
);

/** Writes a file until there is no room. */
function fill(file: string): void {
  const page = Buffer.alloc(4096);
  try {
    for (;;) writeFileSync(file, page, { flag: 'a' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
