import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { HubReader } from '../../shared/replay/hubReader.ts';
import { type HubAccess, hubConnector } from '../../shared/settings/eventHubsConnection.ts';
import { type E2eResult, runE2e } from '../../tools/operator/e2e/run.ts';
import { packageIdentity } from '../../tools/package/contents.ts';
import type { SyntheticEvent } from '../../tools/proof/synthetic/payments.ts';
import { Publisher } from '../../tools/proof/synthetic/publish.ts';
import { withTarget } from '../../tools/target/target.ts';
import { FaultBed } from '../faults/faultBed.ts';
import { until } from '../support/until.ts';

// The end-to-end test of an environment, against the local cloud as it is and with faults planted in it.

const SEED = 91;
const execute = promisify(execFile);

/** Ctrl-C comes when 100 events are published. */
class StoppedPublisher extends Publisher {
  readonly #stop: AbortController;
  #taken = 0;
  constructor(access: HubAccess, topics: Topics, label: string, stop: AbortController) {
    super(access, topics, label);
    this.#stop = stop;
  }
  override publish(event: SyntheticEvent): Promise<string> {
    if (++this.#taken === 100) this.#stop.abort();
    return super.publish(event);
  }
}
type Topics = ConstructorParameters<typeof Publisher>[1];

describe(`the end-to-end test of an environment, seed ${SEED}`, () => {
  let bed: FaultBed;
  beforeAll(async () => {
    bed = await FaultBed.start(SEED);
    // It compares control totals.
    bed.cloud.environment['METRICS_SCHEDULE'] = '*/5 * * * * *';
    await bed.startHost();
    // Traffic of others, before and beside it.
    await bed.publish(500);
    await bed.caughtUp();
  });
  afterAll(() => bed.stop());

  async function e2e(...words: string[]): Promise<{ code: number; result: E2eResult; err: string }> {
    const command = [
      'tools/operator/main.ts',
      'e2e',
      '--json',
      '--seed',
      String(SEED),
      '--events',
      '40',
      ...words,
    ];
    const found = await execute(process.execPath, command, { env: process.env }).catch(
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
    const code = 'code' in found ? found.code : 0;
    assert.notEqual(found.stdout, '', found.stderr);
    return { code, result: JSON.parse(found.stdout), err: found.stderr };
  }

  /** How many rows each table has. */
  const counts = () =>
    bed.asAdmin(async (client) => {
      const { rows } = await client.query(
        `SELECT (SELECT count(*) FROM bo.ledger_entries) AS entries, (SELECT count(*) FROM bo.payment_orders) AS orders,
           (SELECT count(*) FROM bo.payment_ledger_pairs) AS pairs, (SELECT count(*) FROM bo.consumer_dlq_events) AS letters,
           (SELECT count(*) FROM sync.pair_confirmations) AS confirmations, (SELECT count(*) FROM sync.source_totals) AS totals,
           (SELECT count(*) FROM bo.control_totals) AS windows`,
      );
      return rows[0];
    });

  /** Plants a fault, runs the test, takes the fault away; every failure has to be of these. */
  async function failsWith(
    reasons: readonly RegExp[],
    plant: readonly string[],
    heal: readonly string[],
    ...words: string[]
  ): Promise<void> {
    await bed.sql(...plant);
    try {
      const { code, result } = await e2e(...words);
      assert.deepEqual(
        [code, result.ok, result.failures.length],
        [1, false, reasons.length],
        result.failures.join('\n'),
      );
      for (const [index, reason] of reasons.entries()) assert.match(result.failures[index]!, reason);
    } finally {
      await bed.sql(...heal);
    }
    await bed.caughtUp();
  }

  const trigger = (table: string, events: string, body: string, condition = 'true') => ({
    plant: [
      `CREATE FUNCTION public.planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$`,
      `CREATE TRIGGER planted BEFORE ${events} ON bo.${table} FOR EACH ROW WHEN (${condition}) EXECUTE FUNCTION public.planted()`,
    ],
    heal: [`DROP TRIGGER planted ON bo.${table}`, 'DROP FUNCTION public.planted'],
  });

  it('is green where everything works, and leaves nothing behind', async () => {
    const before = await counts();
    const { code, result, err } = await e2e();
    assert.deepEqual(result.failures, [], err);
    assert.deepEqual([code, result.ok, result.published, result.processed], [0, true, 240, 240]);
    assert.equal(result.dead_letters, 40);
    assert.deepEqual(result.packages, [await packageIdentity()]);
    assert.ok(result.split_pairs > 0);
    // Of six scenarios, two topics each.
    assert.equal(result.windows_matched, 12);
    assert.equal(result.lag, 0);
    assert.ok(result.visible_after_ms.p95! > 0);
    assert.ok(result.removed >= result.rows_compared + result.dead_letters);
    assert.match(result.environment.event_hubs, /^127\.0\.0\.1/);
    assert.match(result.environment.database, /^127\.0\.0\.1/);
    assert.deepEqual(await counts(), before);
    const { rows } = await bed.asAdmin((client) =>
      client.query(`SELECT details, result FROM sync.audit_log WHERE action = 'e2e'`),
    );
    assert.deepEqual(rows, [{ details: { run: result.run_id }, result: { removed: result.removed } }]);
  });

  it('leaves nothing behind where the last payments are cut in their middle', async () => {
    const before = await counts();
    const { result } = await e2e('--events', '42');
    assert.deepEqual(result.failures, []);
    assert.deepEqual(await counts(), before);
  });

  it('leaves its rows where they are to be looked at, and takes them away later', async () => {
    const before = await counts();
    const { result } = await e2e('--keep');
    assert.deepEqual([result.ok, result.removed], [true, 0]);
    assert.notDeepEqual(await counts(), before);
    const command = ['tools/operator/main.ts', 'e2e', '--remove', result.run_id, '--json'];
    const { stdout } = await execute(process.execPath, command, { env: process.env });
    const { run_id, removed } = JSON.parse(stdout);
    assert.equal(run_id, result.run_id);
    assert.ok(removed >= result.rows_compared + result.dead_letters);
    assert.deepEqual(await counts(), before);
  });

  it('is red where it was stopped before everything was published', async () => {
    const before = await counts();
    const stop = new AbortController();
    const result = await withTarget(async ({ settings, database }) => {
      const connectionString = bed.cloud.emulator.connectionString;
      const run = 'e2e-stoppedinbetween';
      const publisher = new StoppedPublisher(connectionString, settings.topics, run, stop);
      const context = {
        settings,
        database,
        publisher,
        run,
        seed: SEED,
        events: 40,
        maxLag: 0,
        maxVisibleMs: 60_000,
        environment: { event_hubs: '', database: '' },
        actor: 'test',
        keep: false,
        say: () => {},
        hub: new HubReader(hubConnector({ connectionString })),
        timeoutMs: 60_000,
        stopped: stop.signal,
      };
      return runE2e(context).finally(() => publisher.close());
    });
    assert.deepEqual([result.published, result.ok], [100, false]);
    assert.match(result.failures[0]!, /stopped after 100 events/);
    assert.deepEqual(await counts(), before);
  });

  it('is red where an older state of an order is stored', () => {
    const body = `NEW.status := 'CREATED'; RETURN NEW;`;
    const { plant, heal } = trigger(
      'payment_orders',
      'INSERT OR UPDATE',
      body,
      `NEW.order_id LIKE '%out-of-order%'`,
    );
    // The pair has its order's status.
    return failsWith(
      [
        /rows of payment_orders .*status is CREATED, not PAID/,
        /rows of payment_ledger_pairs .*status is CREATED/,
      ],
      plant,
      heal,
    );
  });

  it('is red where pairs stay incomplete', () => {
    const body = `NEW.pairing_status := 'INCOMPLETE'; RETURN NEW;`;
    const { plant, heal } = trigger('payment_ledger_pairs', 'INSERT OR UPDATE', body);
    return failsWith(
      [/rows of payment_ledger_pairs .*pairing_status is INCOMPLETE, not COMPLETE/],
      plant,
      heal,
    );
  });

  it('is red where dead letters are lost', () => {
    const { plant, heal } = trigger('consumer_dlq_events', 'INSERT', 'RETURN NULL;');
    return failsWith(
      [/40 dead letters are not as they should be: .* is no dead letter, not \w+/],
      plant,
      heal,
    );
  });

  it('is red where the source has a row more in a window', () =>
    failsWith(
      [/^12 of 12 windows of control totals do not match after 20 s: .* is short/],
      [
        `CREATE FUNCTION public.planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.row_count := NEW.row_count + 1; RETURN NEW; END $$`,
        'CREATE TRIGGER planted BEFORE INSERT ON sync.source_totals FOR EACH ROW EXECUTE FUNCTION public.planted()',
      ],
      ['DROP TRIGGER planted ON sync.source_totals', 'DROP FUNCTION public.planted'],
      ...['--timeout', '20'],
    ));

  it('says nothing of control totals where their topic is off', async () => {
    process.env['CONTROL_TOPIC'] = '';
    try {
      const { result } = await e2e();
      assert.deepEqual([result.ok, result.windows_matched], [true, undefined]);
    } finally {
      delete process.env['CONTROL_TOPIC'];
    }
  });

  const REVOKE = 'REVOKE INSERT ON bo.ledger_entries FROM bo_sync';
  const GRANT = 'GRANT INSERT ON bo.ledger_entries TO bo_sync';

  it('is red where a topic is not processed', () =>
    failsWith(
      [
        /\d+ of 240 events are not processed after 5 s \(ledger.entry.upserted \d+\)/,
        /the lag is \d+ events/,
      ],
      [REVOKE],
      [GRANT],
      ...['--timeout', '5'],
    ));

  it('is red where rows are late', async () => {
    const logged = bed.hostLog().length;
    const refused = until('a batch is refused', 120_000, () => {
      return bed.hostLog().slice(logged).includes('was not stored and is tried again');
    });
    // Longer than a row may take.
    const granted = refused.then(() => delay(1500)).then(() => bed.sql(GRANT));
    await failsWith(
      [/a row is visible \d+ ms after its event was enqueued \(p95\), not within 1000 ms/],
      [REVOKE],
      [],
      ...['--max-visible', '1000'],
    );
    await granted;
  });
});
