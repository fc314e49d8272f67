import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { to as copyTo } from 'pg-copy-streams';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { localCloudFrom, localEnvironment, OPERATOR_LOGIN } from '../../tools/target/localCloud.ts';
import { cli } from '../support/operatorCommands.ts';
import { filled, linesOf } from '../support/runbooks.ts';
import { FaultBed } from './faultBed.ts';

// Every command of the runbooks, as an operator runs it, on a local cloud with dead letters and a gap.

const SEED = 87;
const execute = promisify(execFile);
const LEDGER = 'ledger.entry.upserted';

describe(`commands of the runbooks, seed ${SEED}`, () => {
  let bed: FaultBed;
  let values: Record<string, string>;
  const folder = mkdtempSync(join(tmpdir(), 'runbooks-'));
  beforeAll(async () => {
    bed = await FaultBed.start(SEED);
    await bed.startHost();
    await bed.publish(1500);
    await bed.caughtUp();
    await bed.sql(
      `UPDATE sync.partitions SET seen = seen - '{[10,20)}' WHERE partition = 0 AND topic = '${LEDGER}'`,
    );
    values = await bed.asAdmin(async (client) => {
      const { rows } = await client.query(
        `SELECT dlq_id::text AS id, error, (SELECT min(order_id) FROM bo.payment_orders) AS order_id
         FROM bo.consumer_dlq_events ORDER BY dlq_id LIMIT 1`,
      );
      const { id, error, order_id } = rows[0];
      const time = new Date().toISOString();
      const span = { START: time.replace(/T.*/, 'T00:00:00Z'), END: time };
      return {
        ORDER_ID: order_id,
        ID: id,
        REASON: error,
        TIME: time,
        TOPIC: LEDGER,
        PARTITION: '1',
        ...span,
      };
    });
  });
  afterAll(async () => {
    await bed.stop();
    rmSync(folder, { recursive: true });
  });

  it('the dumps of the source are made as the page says', async () => {
    await bed.sql('CREATE VIEW public.ledger AS SELECT * FROM bo.ledger_entries');
    await bed.sql('CREATE VIEW public.orders AS SELECT * FROM bo.payment_orders');
    const lines = linesOf('sh source');
    assert.equal(lines.length, 3);
    for (const line of lines) {
      const [, copy, file] = /^psql -c "(COPY .*)" \| gzip > (\S+)$/.exec(line)!;
      const dump = await bed.asAdmin((client) => buffer(client.query(copyTo(filled(copy!, values)))));
      assert.ok(dump.length > 1000);
      writeFileSync(join(folder, file!), gzipSync(dump));
    }
  });

  for (const line of linesOf('sh')) {
    it(line, async () => {
      const command = filled(line, values);
      if (line.startsWith('npm run cli -- ')) {
        const environment = {
          ...localEnvironment(localCloudFrom(process.env), OPERATOR_LOGIN),
          INIT_CWD: folder,
        };
        const words = command.slice('npm run cli -- '.length).split(' ');
        const { code, out, err } = await cli(words, environment);
        // 1: something is left to do, and the output says what.
        assert.ok(code === 0 || code === 1, `${code} ${err}`);
        assert.notEqual(out + err, '');
        assert.doesNotMatch(err, /denied|SQLSTATE/);
      } else {
        assert.match(line, /^grep -h/);
        const log = join(bed.cloud.stateDirectory, 'hosts-1');
        const here = command.replace('.local/hosts', log);
        // 1: no such line.
        await execute('sh', ['-c', `${here} || [ $? = 1 ]`]);
      }
    });
  }
});
