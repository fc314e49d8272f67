import assert from 'node:assert/strict';
import type pg from 'pg';
import { test } from 'vitest';
import { countDeadLetters } from '../../tools/operator/queries/countDeadLetters.ts';
import {
  type DeadLetterSelection,
  EVERY_OPEN,
  listDeadLetters,
  type Stretch,
} from '../../tools/operator/queries/listDeadLetters.ts';
import { testDatabase } from '../support/database.ts';
import { manyDeadLetters } from '../support/viewBed.ts';

const LETTERS = 100_000;
const MOST_MS = 100;
const MATCH_NOTHING = ['of no time that anything came', 'before everything'];
const NEWEST: Stretch = { order: 'newest first', behind: null, limit: 51 };

/** The least of three times: what else the machine does is not this query's. */
async function timed<R>(work: () => Promise<R>): Promise<{ result: R; ms: number }> {
  let best = Infinity;
  let result!: R;
  for (let run = 0; run < 3; run++) {
    const startedAt = performance.now();
    result = await work();
    best = Math.min(best, performance.now() - startedAt);
  }
  return { result, ms: best };
}

/** The plan of the statement that a page is. */
async function planOf(pool: pg.Pool, selection: DeadLetterSelection, stretch: Stretch): Promise<string> {
  let plan = '';
  const explaining = {
    query: async (text: string, values: unknown[]) => {
      const { rows } = await pool.query(`EXPLAIN ${text}`, values);
      plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      return { rows: [] };
    },
  };
  await listDeadLetters(explaining as unknown as pg.Pool, selection, stretch);
  return plan;
}

test('of 100,000 dead letters, each page takes less than 100 ms and uses an index', async (t) => {
  const { pool } = await testDatabase(t);
  await manyDeadLetters(pool, LETTERS);
  const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
  const selections: Record<string, DeadLetterSelection> = {
    'every open one': EVERY_OPEN,
    'every one': { ...EVERY_OPEN, status: 'all' },
    'resolved ones': { ...EVERY_OPEN, status: 'resolved' },
    'of a topic': { ...EVERY_OPEN, topic: 'payment.order.upserted' },
    'of a rare reason': { ...EVERY_OPEN, error: 'not_json' },
    'of a rare reason and topic': {
      ...EVERY_OPEN,
      topic: 'payment.order.upserted',
      error: 'unreadable_body',
    },
    'of a group': {
      ...EVERY_OPEN,
      error: 'core_invalid',
      details: [
        'event_time: must be a time; found a string of 13 digits (docs/profiles.md#formats-of-values)',
      ],
    },
    'of a key': { ...EVERY_OPEN, key: 'key-40000' },
    'of a partition': { ...EVERY_OPEN, partition: 3 },
    'of an hour long ago': { ...EVERY_OPEN, since: ago(90_000), until: ago(86_400) },
    'of no time that anything came': { ...EVERY_OPEN, since: ago(-1000) },
    'before everything': { ...EVERY_OPEN, until: ago(LETTERS * 2) },
  };
  const places: Record<string, Stretch> = {
    first: NEWEST,
    middle: { ...NEWEST, behind: 50_000 },
    last: { ...NEWEST, behind: 40 },
    'from the end': { order: 'oldest first', behind: 10, limit: 51 },
  };
  const slow: string[] = [];
  for (const [name, selection] of Object.entries(selections)) {
    for (const [place, stretch] of Object.entries(places)) {
      const { ms } = await timed(() => listDeadLetters(pool, selection, stretch));
      const plan = await planOf(pool, selection, stretch);
      console.log(
        `${name}, ${place}: ${ms.toFixed(1)} ms, ${/(\w[\w ]*) (?:using|on) (\w+)/.exec(plan.split('\n').find((line) => /Scan/.test(line)) ?? '')?.[0]}`,
      );
      // Where nothing matches, PostgreSQL may find that reading all of it costs less, and it takes what that takes.
      if (MATCH_NOTHING.includes(name)) continue;
      assert.doesNotMatch(plan, /Seq Scan/, `${name}, ${place}:\n${plan}`);
      if (ms > MOST_MS) slow.push(`${name}, ${place}: ${ms.toFixed(0)} ms\n${plan}`);
    }
  }
  assert.deepEqual(slow, []);

  const { result: groups, ms } = await timed(() => countDeadLetters(pool, 5));
  console.log(`groups: ${ms.toFixed(0)} ms`);
  assert.equal(
    groups.reduce((sum, { open }) => sum + open, 0),
    LETTERS - LETTERS / 100,
  );
  for (const { open, overTime } of groups)
    assert.equal(
      overTime.reduce((sum, count) => sum + count, 0),
      open,
    );
  assert.ok(ms < 3000, `${ms} ms`);
});

test('pages follow each other without a hole or a repetition, forwards and backwards', async (t) => {
  const { pool } = await testDatabase(t);
  await manyDeadLetters(pool, 1000);
  const all = (await listDeadLetters(pool, EVERY_OPEN, { ...NEWEST, limit: 2000 })).map(
    ({ dlq_id }) => dlq_id,
  );
  const walk = async (order: Stretch['order']) => {
    const seen: string[] = [];
    for (let behind: number | null = null; ; behind = Number(seen.at(-1))) {
      const page = await listDeadLetters(pool, EVERY_OPEN, { order, behind, limit: 37 });
      if (page.length === 0) return seen;
      seen.push(...page.map(({ dlq_id }) => dlq_id));
    }
  };
  assert.deepEqual(await walk('newest first'), all);
  assert.deepEqual(await walk('oldest first'), all.toReversed());
});
