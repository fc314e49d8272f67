import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
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

  it('shows charts over time, alerts, and dead letters that can be tried and replayed', {
    timeout: 600_000,
  }, async () => {
    const page = await open({ viewport: { width: 1280, height: 1000 } });
    await page.getByText('Latest metrics at').waitFor({ timeout: 120_000 });
    const charts = page.locator('#charts section');
    assert.deepEqual(
      (await charts.locator('h2').allTextContents()).map((text) => text.trim()),
      [
        ...['Throughput events/s', 'Lag by partition events', 'Freshness s', 'Outcomes events'],
        ...['Dead letters by reason events', 'Complete pairs share', 'Do not add up payments'],
      ],
    );
    assert.equal(await charts.locator('canvas').count(), 7);
    await page.locator('#alerts').getByText('DlqActivity').first().waitFor({ timeout: 120_000 });

    // All of them: the page lists the newest.
    await withClient(postgresUrl(state.ports.LOCAL_POSTGRES_PORT), (client) =>
      until('all events are processed', 120_000, async () => {
        const { rows } = await client.query(
          `SELECT sum(applied + stale + duplicate + conflict + dead_lettered)::int AS events FROM sync.hourly_counters`,
        );
        return rows[0].events === 1000;
      }),
    );
    const first = page.locator('#letters tr').first();
    const id = await first.locator('td').first().textContent();
    const row = page.locator('#letters tr', { has: page.locator(`td:text-is("${id}")`) });
    await row.getByRole('button').click();
    // What is malformed for good is refused again, and nothing has happened to it.
    await row.getByText('Still refused').waitFor({ timeout: 120_000 });

    // One whose cause is mended: tried first, then done.
    const mended = await withClient(postgresUrl(state.ports.LOCAL_POSTGRES_PORT), async (client) => {
      const { rows } = await client.query(
        `UPDATE bo.consumer_dlq_events SET payload =
           convert_to(replace(convert_from(payload, 'UTF8'), '"schema_version":"2.0"', '"schema_version":"1.0"'), 'UTF8')
         WHERE dlq_id = (SELECT max(dlq_id) FROM bo.consumer_dlq_events
           WHERE error = 'unsupported_schema_version') RETURNING dlq_id`,
      );
      return rows[0].dlq_id as string;
    });
    const other = page.locator('#letters tr', { has: page.locator(`td:text-is("${mended}")`) });
    await other.getByRole('button', { name: 'Try (dry run)' }).click();
    await other.getByRole('button', { name: 'Would be stored: replay' }).click({ timeout: 120_000 });
    await other.waitFor({ state: 'detached', timeout: 120_000 });
    await withClient(postgresUrl(state.ports.LOCAL_POSTGRES_PORT), async (client) => {
      const { rows } = await client.query('SELECT resolution FROM bo.consumer_dlq_events WHERE dlq_id = $1', [
        mended,
      ]);
      assert.deepEqual(rows, [{ resolution: 'replayed' }]);
    });
    await until('metrics over some time', 120_000, async () => {
      const asked = await fetch(`${address}/state`);
      const { charts: drawn } = (await asked.json()) as { charts: { times: number[] }[] };
      return drawn[0]!.times.length >= 6;
    });
    await page.locator('#violations button').first().click({ timeout: 120_000 });
    await page.locator('#settlement').getByText('violations').waitFor({ timeout: 30_000 });
    await page.screenshot({ path: join(SCREENSHOTS, 'live-view.png'), fullPage: true });
    assert.deepEqual(page.problems, []);
    await page.close();
  });

  it('is readable on a phone and in the dark', async () => {
    const page = await open({ viewport: { width: 390, height: 844 }, colorScheme: 'dark', hasTouch: true });
    await page.locator('#charts canvas').first().waitFor({ timeout: 120_000 });
    const wider = await page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    assert.equal(wider, 0, 'nothing to scroll sideways');
    const ground = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    assert.equal(ground, 'rgb(18, 22, 28)');
    await page.screenshot({ path: join(SCREENSHOTS, 'live-view-phone-dark.png'), fullPage: true });
    assert.deepEqual(page.problems, []);
    await page.close();
  });

  it('answers no other page: another host name, or a form that posts', async () => {
    const ask = (method: string, path: string, headers: Record<string, string>) =>
      new Promise<number>((answered, failed) => {
        const asked = request(`${address}${path}`, { method, headers }, (response) => {
          response.resume();
          answered(response.statusCode ?? 0);
        });
        asked.once('error', failed);
        asked.end(method === 'POST' ? '{"id":1,"dryRun":false}' : undefined);
      });
    assert.equal(await ask('GET', '/state', { host: 'elsewhere.example' }), 403);
    assert.equal(await ask('POST', '/replay', { 'content-type': 'text/plain' }), 403);
    assert.equal(await ask('GET', '/../../package.json', {}), 404);
  });
});
