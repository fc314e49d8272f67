import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { describe, it } from 'vitest';
import { ingest } from '../../shared/ingest/ingest.ts';
import { METRICS } from '../../shared/metrics/catalogue.ts';
import { INCIDENTS } from '../../tools/local/incidents/incidents.ts';
import { entry, Partition, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { withClient } from '../../tools/target/withClient.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { checkQuery } from '../support/kusto.ts';
import { loginWith } from '../support/operatorCommands.ts';
import { filled, ROOT, runbooks } from '../support/runbooks.ts';
import { until } from '../support/until.ts';

const PAGES = runbooks();
const CONSTRAINT = 'added_by_hand';
/** Sessions that are no incident's are left alone: the server has other tests too. */
const APPLICATION = `forgotten_${process.pid}`;

/** Every incident of the pages at once, in one database. */
async function broken(database: TestDatabase): Promise<void> {
  const partition = new Partition(0);
  const now = new Date().toISOString();
  await ingest(rulesFor(database.pool, 'ledger'), [
    partition.event(entry('tx-1', { event_time: now, updated_at: null, version: null })),
    partition.event(entry('tx-2', { amount: null })),
    partition.event(entry('tx-3', { related_id: 'order-2' })),
  ]);
  await database.rows('UPDATE sync.hourly_counters SET hour = now()');
  await database.rows('UPDATE sync.hourly_dead_letters SET hour = now()');
  const topic = 'ledger.entry.upserted';
  for (const statement of [
    `INSERT INTO sync.gap_repairs VALUES ('${topic}', 0, 7, 9, 3, now())`,
    `INSERT INTO sync.standing_partitions (topic, partition, next_number, since, seen_at) VALUES ('${topic}', 0, 3, now(), now())`,
    `INSERT INTO sync.hubs (topic, created_at) VALUES ('${topic}', now())`,
    `INSERT INTO sync.closed_epochs (topic, partition, epoch, seen, first_enqueued_at, last_enqueued_at)
       VALUES ('${topic}', 0, 0, '{[0,9)}', now(), now())`,
    `INSERT INTO sync.packages (package) VALUES ('abc')`,
    `INSERT INTO sync.audit_log (actor, action, details, result) VALUES ('jo', 'replay', '{}', '{}')`,
    `INSERT INTO sync.incomplete_pairs SELECT payment_order_id, pairing_status, event_time FROM bo.payment_ledger_pairs
       ON CONFLICT DO NOTHING`,
    `INSERT INTO bo.control_totals (topic, window_start, window_end, expected_count, expected_sum, found_count, found_sum, state, generated_at)
       VALUES ('${topic}', now() - interval '1 minute', now(), 2, 2, 1, 1, 'short', now())`,
    `ALTER TABLE bo.ledger_entries ADD CONSTRAINT ${CONSTRAINT} CHECK (amount > 0) NOT VALID`,
    `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`,
    `CREATE TRIGGER added_by_hand BEFORE INSERT ON bo.payment_orders FOR EACH ROW EXECUTE FUNCTION refuse()`,
  ]) {
    await database.rows(statement);
  }
}

/** A session as the functions have it that waits for a lock, and the one that holds it: no superuser's. */
async function locked(database: TestDatabase, login: string): Promise<{ pid: number; end(): Promise<void> }> {
  const connect = async (connectionString: string, name: string) => {
    const client = new pg.Client({ connectionString, application_name: name });
    client.on('error', () => {});
    await client.connect();
    return client;
  };
  const [holder, waiting] = await Promise.all([
    connect(login, APPLICATION),
    connect(database.url, 'backoffice-sync'),
  ]);
  await holder.query('BEGIN; LOCK TABLE sync.pair_confirmations');
  const { rows } = await holder.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  await waiting.query('BEGIN');
  const waits = waiting.query('LOCK TABLE sync.pair_confirmations').catch(() => {});
  await until('a session waits for the lock', 30_000, async () => {
    const found = await database.rows(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return found.length > 0;
  });
  return {
    pid: rows[0]!.pid,
    async end() {
      await Promise.all([holder.end(), waiting.end(), waits]);
    },
  };
}

describe('runbooks', () => {
  it('each begin with how to connect, doctor first, and all say the same', () => {
    const boxes = PAGES.map(({ file, text }) => {
      const [title, , ...rest] = text.split('\n');
      assert.match(title!, /^# /, file);
      const box = rest.slice(0, rest.indexOf('')).join('\n').replace('../README.md', 'README.md');
      assert.match(box, /^> First: `npm run cli -- doctor`/, file);
      return box;
    });
    assert.equal(new Set(boxes).size, 1);
    assert.ok(PAGES.length > 20);
  });

  it('are there in Korean too, with the same blocks in the same order, under their own box', () => {
    const korean = runbooks('ko');
    assert.deepEqual(
      korean.map(({ file }) => file.replace('.ko.md', '.md')),
      PAGES.map(({ file }) => file),
    );
    const boxes = new Set<string>();
    for (const [index, { file, text, blocks }] of korean.entries()) {
      const english = PAGES[index]!;
      const commands = (page: typeof english) => page.blocks.map(({ kind, text: block }) => [kind, block]);
      assert.deepEqual(commands({ ...english, blocks }), commands(english), file);
      const lines = text.split('\n').slice(2);
      boxes.add(lines.slice(0, lines.indexOf('')).join('\n').replace('../README', 'README'));
      const headings = (page: string) => page.match(/^#+ /gm);
      assert.deepEqual(headings(text), headings(english.text), file);
      const prose = text.replace(/^```[\s\S]*?^```$/gm, '');
      assert.ok(prose.match(/[가-힣]/g)!.length > 100, file);
      for (const [, link] of text.matchAll(/\]\(([^)#:]+)\)/g)) {
        assert.ok(existsSync(join(ROOT, dirname(file), link!)), `${file}: ${link}`);
      }
    }
    assert.deepEqual([...boxes].length, 1);
    assert.match([...boxes][0]!, /^> 먼저: `npm run cli -- doctor`/);
  });

  for (const { file, text, blocks } of PAGES) {
    it(`${file}: what is to be run stands in a block of a known kind, Kusto is right and has its local equivalent`, () => {
      const prose = text.replace(/^```[\s\S]*?^```$/gm, '').replace(/^>.*$/gm, '');
      assert.doesNotMatch(prose, /`(npm run cli -- (?!view)|SELECT |az )/);
      for (const { kind, text: block, after } of blocks) {
        assert.ok(['sql', 'sql owner', 'sh', 'sh azure', 'sh source', 'kusto'].includes(kind), kind);
        if (kind === 'sh azure') assert.match(block, /^az /);
        if (kind !== 'kusto') continue;
        assert.deepEqual(checkQuery(block).problems, [], block);
        assert.match(after.split(/^```kusto$|^## /m)[0]!, /\nLocally[\s\S]*^```(sql|sh)$/m, block);
        for (const [, name] of block.matchAll(/"((?:consumer|db|pair|pairing)_[a-z_]+)"/g)) {
          assert.ok(name! in METRICS, name);
        }
      }
      for (const [, link] of text.matchAll(/\]\(([^)#:]+)\)/g)) {
        assert.ok(existsSync(join(ROOT, dirname(file), link!)), link);
      }
    });
  }

  it('their statements run as the role that is named, on a database with the incidents in it, and find them', async (t) => {
    const database = await testDatabase(t);
    await broken(database);
    const operator = await loginWith(t, database, 'bo_operator');
    const sync = await loginWith(t, database, 'bo_sync');
    let ran = 0;
    for (const { file, blocks } of PAGES) {
      for (const { kind, text } of blocks.filter((block) => block.kind.startsWith('sql'))) {
        const lock = await locked(database, sync);
        try {
          const statement = filled(text, {
            PID: String(lock.pid),
            APPLICATION_NAME: APPLICATION,
            CONSTRAINT_NAME: CONSTRAINT,
          });
          const role = kind === 'sql owner' ? database.url : operator;
          const { rowCount, command } = await withClient(role, (client) => client.query(statement));
          if (command === 'SELECT') assert.ok(rowCount! > 0, `${file}: nothing was found by\n${statement}`);
          ran++;
        } finally {
          await lock.end();
        }
      }
    }
    assert.ok(ran > 20, `${ran} statements`);
  });

  it('of incidents that npm start makes are named in its list and in their page', () => {
    for (const [name, { runbook }] of Object.entries(INCIDENTS)) {
      const page = PAGES.find(({ file }) => file === runbook);
      assert.ok(page, name);
      assert.match(page.text, new RegExp(`Drill: \`npm start -- --incident ${name}\``));
    }
  });
});
