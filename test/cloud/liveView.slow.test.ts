import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, it, onTestFinished } from 'vitest';
import { claimPort } from '../../tools/local/processes/ports.ts';
import { postgresUrl } from '../../tools/target/localCloud.ts';
import { withClient } from '../../tools/target/withClient.ts';
import { findChromium, startChromium } from '../support/chromium.ts';
import { skipBecause } from '../support/skipBecause.ts';
import { until } from '../support/until.ts';
import { type LocalRun, LocalState } from './localRun.ts';

const executable = findChromium();
const skip =
  executable === undefined && 'there is no Chromium on PATH: apt-get install chromium, or set CHROMIUM';
const SCREENSHOTS = process.env['SCREENSHOTS'] ?? join(tmpdir(), 'backoffice-sync-screenshots');

describe('the live view of npm start, seed 3', skipBecause(skip), () => {
  let state: LocalState;
  let run: LocalRun;
  let browser: Browser;
  let address: string;
  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    [state, browser] = await Promise.all([LocalState.create(), startChromium(executable!)]);
    address = `http://127.0.0.1:${state.ports.LOCAL_VIEW_PORT}`;
    run = state.start(['--events', '1000', '--seed', '3']);
    await run.printed(`Live view    ${address}`);
  });
  afterAll(async () => {
    await browser?.close();
    await state?.remove();
  });

  /** Opens the page; whatever it asks of elsewhere, and every error in it, fails the test. */
  async function open(options: Parameters<Browser['newPage']>[0]): Promise<Page & { problems: string[] }> {
    const page = await browser.newPage(options);
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    page.on('request', (asked) => {
      if (!asked.url().startsWith(address) && !asked.url().startsWith('data:')) problems.push(asked.url());
    });
    await page.goto(address);
    return Object.assign(page, { problems });
  }

  it('shows the state, and dead letters that can be tried and replayed, each with what became of it', {
    timeout: 600_000,
  }, async () => {
    const page = await open({ viewport: { width: 1280, height: 1000 } });
    await page.getByText('Target: database backoffice at 127.0.0.1').waitFor();
    await page.getByText('Latest metrics: ').waitFor({ timeout: 120_000 });
    const charts = page.locator('#charts section');
    assert.deepEqual(
      (await charts.locator('h3').allTextContents()).map((text) => text.trim()),
      [
        ...['Throughput events/s', 'Lag by partition events', 'Freshness s', 'Outcomes events'],
        ...[
          'Dead letters by reason events',
          'Complete pairs share',
          'Age of incomplete pairs, 95th percentile s',
          'Payments that do not add up payments',
        ],
      ],
    );
    assert.equal(await charts.locator('canvas').count(), 8);
    await page.locator('#problems').getByText('DlqActivity').first().waitFor({ timeout: 120_000 });
    await page
      .getByText(
        /^The sync works, with a warning: DlqActivity\..* First event: [\w.]+, partition \d, number \d+\./,
      )
      .waitFor();
    const url = postgresUrl(state.ports.LOCAL_POSTGRES_PORT);
    await withClient(url, (client) =>
      until('all events are processed', 120_000, async () => {
        const { rows } = await client.query(
          `SELECT sum(applied + stale + duplicate + conflict + dead_lettered)::int AS events FROM sync.hourly_counters
           WHERE topic <> 'sync.control.total'`,
        );
        return rows[0].events === 1000;
      }),
    );
    // One whose cause is mended, and one that is malformed for good.
    const [mended, broken] = await withClient(url, async (client) => {
      const { rows } = await client.query(
        `UPDATE bo.consumer_dlq_events SET payload =
           convert_to(replace(convert_from(payload, 'UTF8'), '"schema_version":"2.0"', '"schema_version":"1.0"'), 'UTF8')
         WHERE dlq_id = (SELECT max(dlq_id) FROM bo.consumer_dlq_events
           WHERE error = 'unsupported_schema_version') RETURNING dlq_id`,
      );
      const others = await client.query(
        `SELECT max(dlq_id) AS id FROM bo.consumer_dlq_events WHERE error = 'core_missing'`,
      );
      return [rows[0].dlq_id as string, others.rows[0].id as string];
    });
    await page.getByRole('link', { name: 'Dead letters', exact: true }).click();
    for (const [id, reason] of [
      [mended, 'unsupported_schema_version'],
      [broken, 'core_missing'],
    ] as const) {
      await page.getByLabel('Reason').selectOption(reason);
      await page.getByRole('button', { name: 'Show', exact: true }).click();
      await page.locator('#letters .of-reason').first().getByText(reason).waitFor();
      await page.getByLabel(`Select dead letter ${id}`).check();
      await page.getByRole('button', { name: 'Try (dry run): 1' }).click();
      await page
        .getByText(
          id === mended ? 'would be stored 1, still refused 0' : 'would be stored 0, still refused 1',
        )
        .waitFor();
      await page.getByRole('button', { name: 'Replay: 1' }).click();
      await page.getByRole('heading', { name: 'Bring dead letters in again: 1?' }).waitFor();
      await page.locator('#confirm').getByRole('button', { name: 'Replay' }).click();
      const ofId = page.locator('#results-list strong', { hasText: new RegExp(`^${id}$`) });
      await ofId.waitFor({ timeout: 120_000 });
      const [result] = await page.locator('#results-list li').allTextContents();
      if (id === mended) assert.equal(result, `${id} stored`);
      else
        assert.match(
          result!,
          new RegExp(`^${id} Still refused: core_missing \\(\\w+: missing, null or blank`),
        );
      await page.getByText('The replay is done.').waitFor();
    }
    await withClient(url, async (client) => {
      const { rows } = await client.query(
        'SELECT resolution, replay_count FROM bo.consumer_dlq_events WHERE dlq_id = ANY ($1) ORDER BY resolution',
        [[mended, broken]],
      );
      assert.deepEqual(rows, [
        { resolution: 'replayed', replay_count: 1 },
        { resolution: null, replay_count: 1 },
      ]);
      const actions = await client.query(
        `SELECT DISTINCT login, action FROM sync.audit_log WHERE action IN ('try replay') ORDER BY 2`,
      );
      assert.deepEqual(actions.rows, [{ login: 'backoffice_operator', action: 'try replay' }]);
    });
    await page.goto(address);
    const token = await page.locator('meta[name=view-token]').getAttribute('content');
    await until('metrics over some time', 120_000, async () => {
      const asked = await fetch(`${address}/api/state`, { headers: { 'x-view-token': token! } });
      const { charts: drawn } = (await asked.json()) as { charts: { times: number[] }[] };
      return drawn[0]!.times.length >= 6;
    });
    await page.locator('#violations button').first().click({ timeout: 120_000 });
    await page.locator('#explained').getByText('Settlement').first().waitFor({ timeout: 30_000 });
    await page.screenshot({ path: join(SCREENSHOTS, 'live-view.png'), fullPage: true });
    assert.deepEqual(page.problems, []);
    await page.close();
  });

  it('explains an id, with the events that the hub still holds', { timeout: 300_000 }, async () => {
    const id = await withClient(postgresUrl(state.ports.LOCAL_POSTGRES_PORT), async (client) => {
      const { rows } = await client.query('SELECT min(tx_id) AS id FROM bo.ledger_entries');
      return rows[0].id as string;
    });
    const page = await open({ viewport: { width: 1280, height: 1000 } });
    await page.getByLabel('tx_id, order_id, wallet or dead-letter id').fill(id);
    await page.getByLabel('also its events that the hub still holds').check();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Ledger entry' }).waitFor({ timeout: 120_000 });
    await page
      .getByRole('heading', { name: /^Events of this key that ledger\.entry\.upserted still holds/ })
      .waitFor();
    assert.equal(await page.evaluate('document.activeElement.id'), 'explained');
    await page.getByLabel('tx_id, order_id, wallet or dead-letter id').fill('nobody');
    await page.keyboard.press('Enter');
    await page.getByText('Nothing has this id').waitFor();
    assert.deepEqual(page.problems, []);
    await page.close();
  });

  it('is the same from the command line, with its own settings and identity', {
    timeout: 300_000,
  }, async () => {
    const port = await claimPort({ service: 'A test', port: 0, setting: 'none' });
    const program = ['tools/operator/main.ts', 'view', '--port', String(port), '--lang', 'ko'];
    const child = spawn(process.execPath, program, { env: { ...process.env, ...state.environment } });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    const ended = once(child, 'close');
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    await until('its address', 60_000, () => {
      if (child.exitCode !== null) throw new Error(err);
      return out.includes(`Live view    http://127.0.0.1:${port}\n`);
    });
    assert.match(
      err,
      /^Target: database backoffice at 127\.0\.0\.1:\d+ as backoffice_operator, .*\(this machine\)\n/,
    );
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${port}`);
    await page.getByText('최근 지표: ').waitFor({ timeout: 60_000 });
    await page.getByText('열린 데드 레터: ').waitFor();
    // Throughput and outcomes need a second run of the timer.
    await page
      .locator('#charts section')
      .first()
      .getByText(/payment\.order\.upserted: [\d.]+ 건\/초/)
      .waitFor({ timeout: 60_000 });
    await page.close();
    child.kill('SIGINT');
    assert.deepEqual(await ended, [0, null]);
  });
});
