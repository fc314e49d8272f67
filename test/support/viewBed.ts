import type pg from 'pg';
import { readOperatorSettings } from '../../shared/settings/settings.ts';
import { LiveView } from '../../tools/view/liveView.ts';
import { type TestDatabase, testDatabase } from './database.ts';

/** A live view on a database of its own, and a way to ask it as its page does. */
export interface ViewBed {
  readonly database: TestDatabase;
  readonly view: LiveView;
  /** The status, and what is answered. */
  ask<R>(path: string, body: object): Promise<{ readonly status: number; readonly answer: R }>;
}

type Test = { onTestFinished(step: () => Promise<void>): void };

/** @param environment settings besides the database's. */
export async function viewBed(t: Test, environment: Record<string, string> = {}): Promise<ViewBed> {
  const database = await testDatabase(t);
  const settings = readOperatorSettings({ DATABASE_URL: database.url, ...environment });
  const view = await LiveView.start({
    port: 0,
    setting: '--port',
    language: 'en',
    takesMetrics: false,
    actor: 'jo',
  });
  t.onTestFinished(() => view.stop());
  view.connect({ settings, database: database.pool });
  const page = await (await fetch(view.address)).text();
  const token = /view-token" content="([\w-]+)"/.exec(page)![1]!;
  const headers = { 'content-type': 'application/json', 'x-view-token': token };
  return {
    database,
    view,
    async ask(path, body) {
      const response = await fetch(`${view.address}/api/${path}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      return { status: response.status, answer: (await response.json()) as never };
    },
  };
}

/**
 * Makes this many open dead letters of three topics and some reasons, a second apart, the latest now; one in a thousand is of a kind
 * of its own, and one in a hundred is resolved.
 */
export async function manyDeadLetters(pool: pg.Pool, count: number): Promise<void> {
  await pool.query(
    `INSERT INTO bo.consumer_dlq_events (topic, partition, "offset", sequence_number, enqueued_at, key, payload, error,
       error_detail, profile_id, ingested_at, replay_count, resolved_at, resolution)
     SELECT CASE WHEN n % 10 = 0 THEN 'payment.order.upserted' ELSE 'ledger.entry.upserted' END, n % 4, n::text, n,
       now() - make_interval(secs => $1 - n), 'key-' || n / 2,
       convert_to('{"tx_id":"tx-' || n || '","amount":"12,000","note":"<img src=x onerror=alert(1)>"}' || repeat(' ', 500), 'UTF8'),
       CASE WHEN n % 1000 = 7 THEN 'not_json' WHEN n % 3 = 0 THEN 'core_missing' ELSE 'core_invalid' END,
       CASE WHEN n % 1000 = 7 THEN 'the body is not valid JSON: found gzip'
         WHEN n % 3 = 0 THEN 'wallet_id: missing, null or blank'
         WHEN n % 5 = 0 THEN 'event_time: must be a time; found a string of 13 digits (docs/profiles.md#formats-of-values)'
         ELSE 'amount: must be a decimal; found a number with grouping' END,
       'canonical-v1', now() - make_interval(secs => $1 - n), CASE WHEN n % 50 = 0 THEN 5 ELSE 0 END,
       CASE WHEN n % 100 = 99 THEN now() END, CASE WHEN n % 100 = 99 THEN 'replayed' END
     FROM generate_series(1, $1::integer) n`,
    [count],
  );
  await pool.query('ANALYZE bo.consumer_dlq_events');
}
