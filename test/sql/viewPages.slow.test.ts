import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, it, onTestFinished } from 'vitest';
import type { MetricName } from '../../shared/metrics/catalogue.ts';
import type { MetricRow } from '../../tools/local/telemetry/ingestion.ts';
import type { LiveView } from '../../tools/view/liveView.ts';
import { findChromium, startChromium } from '../support/chromium.ts';
import { skipBecause } from '../support/skipBecause.ts';
import { until } from '../support/until.ts';
import { manyDeadLetters, type ViewBed, viewBed } from '../support/viewBed.ts';

const executable = findChromium();
const skip =
  executable === undefined && 'there is no Chromium on PATH: apt-get install chromium, or set CHROMIUM';
const SCREENSHOTS = process.env['SCREENSHOTS'] ?? join(tmpdir(), 'backoffice-sync-screenshots');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const HOSTILE = '<img src=x onerror="document.title=1"></script><b>\u202e';
const LETTERS = 100_000;

const LOOKS = {
  wide: { viewport: { width: 1280, height: 900 } },
  phone: { viewport: { width: 360, height: 740 }, hasTouch: true },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
  korean: { viewport: { width: 1280, height: 900 } },
} as const;
type Look = keyof typeof LOOKS;

/** Twenty minutes of metrics: all is well but for dead letters and one partition that waits. */
function metrics(): MetricRow[] {
  const topics = ['ledger.entry.upserted', 'payment.order.upserted'];
  return Array.from({ length: 41 }, (_, index) => {
    const TimeGenerated = new Date(Date.now() - (40 - index) * 30_000);
    const row = (Name: MetricName, Sum: number, Properties: Record<string, string>): MetricRow => ({
      ...{ TimeGenerated, Name, Sum, ItemCount: 1, Min: undefined, Max: undefined, Properties },
    });
    return topics.flatMap((topic, at) => [
      row('consumer_broker_reachable', 1, { topic }),
      row('consumer_throughput_per_second', 40 + at * 20 + (index % 7), { topic }),
      row('consumer_freshness_seconds', 1 + at + (index % 3), { topic }),
      row('source_windows_incomplete', index === 40 ? 1 - at : 0, { topic }),
      row('consumer_dlq_open', at === 0 ? LETTERS : 12, { topic }),
      row('consumer_outcomes_total', 1200 + index, { topic, outcome: at === 0 ? 'applied' : 'stale' }),
      row('consumer_dlq_total', 3, { topic, error: at === 0 ? 'core_invalid' : HOSTILE }),
      ...[0, 1].map((partition) =>
        row('consumer_kafka_lag', partition === 1 && at === 0 && index > 20 ? 1500 : index % 3, {
          topic,
          partition: String(partition),
        }),
      ),
      row('pair_complete_ratio', 0.97, {}),
    ]);
  }).flat();
}

describe('the pages of the live view', skipBecause(skip), () => {
  let browser: Browser;
  let bed: ViewBed;
  let view: LiveView;
  const undo: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    browser = await startChromium(executable!);
    bed = await viewBed({ onTestFinished: (step) => void undo.push(step) });
    view = bed.view;
    await manyDeadLetters(bed.database.pool, LETTERS);
    await bed.database.pool.query(
      `INSERT INTO sync.partitions (topic, partition, seen) VALUES ('ledger.entry.upserted', 1, '{[0,1235)}')`,
    );
    await bed.database.pool.query(
      `INSERT INTO bo.control_totals (topic, window_start, window_end, expected_count, expected_sum, found_count, found_sum, state,
         generated_at)
       VALUES ('ledger.entry.upserted', '2026-11-22T11:00:00Z', '2026-11-22T11:01:00Z', 100, 100, 98, 98, 'short', now())`,
    );
    view.add(metrics());
  });
  afterAll(async () => {
    await browser?.close();
    for (const step of undo.toReversed()) await step();
  });

  /** Opens a page; whatever it asks of elsewhere, and every error in it, fails the test. */
  async function open(path: string, look: Look, refused = false): Promise<Page> {
    const context = await browser.newContext({ ...LOOKS[look], reducedMotion: 'reduce' });
    onTestFinished(() => context.close());
    await context.addInitScript(`localStorage.setItem('language', '${look === 'korean' ? 'ko' : 'en'}')`);
    if (look === 'korean') await context.addInitScript(`localStorage.setItem('zone', 'Asia/Seoul')`);
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !(refused && message.text().includes('400')))
        problems.push(message.text());
    });
    page.on('request', (asked) => {
      if (!asked.url().startsWith(view.address) && !asked.url().startsWith('data:'))
        problems.push(asked.url());
    });
    onTestFinished(() => assert.deepEqual(problems, []));
    await page.goto(`${view.address}${path}`);
    if (path === '/') await page.locator('#charts canvas').nth(6).waitFor();
    else await page.locator('#letters [role=row]').nth(50).waitFor();
    return page;
  }

  async function violations(page: Page): Promise<string[]> {
    await page.evaluate(AXE);
    const found = await page.evaluate<AxeResults>(
      `axe.run(document, { runOnly: ${JSON.stringify(RULES)}, resultTypes: ['violations'] })`,
    );
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, any }) => `${id}: ${html} ${any[0]?.message ?? ''}`),
    );
  }

  const isTooWide = (page: Page) =>
    page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');

  for (const look of Object.keys(LOOKS) as Look[]) {
    for (const [name, path] of [
      ['state', '/'],
      ['dead-letters', '/dead-letters'],
    ] as const) {
      it(`${name}, ${look}: no violation of accessibility, and nothing to scroll sideways`, async () => {
        const page = await open(path, look);
        if (path === '/') await page.locator('#problems li').first().waitFor();
        await page.screenshot({
          path: join(SCREENSHOTS, `${name}-${look}.png`),
          fullPage: path === '/' && look !== 'phone',
        });
        if (look === 'wide') {
          await page.screenshot({
            path: join(SCREENSHOTS, `live-view-${name}.png`),
            fullPage: true,
            clip: { x: 0, y: 0, width: 1280, height: 1300 },
          });
        }
        if (look === 'phone') {
          await page.evaluate('document.querySelector("#charts, #letters").scrollIntoView()');
          await page.screenshot({ path: join(SCREENSHOTS, `${name}-${look}-below.png`) });
        }
        assert.deepEqual(await violations(page), []);
        assert.equal(await isTooWide(page), 0);
      });
    }
  }

  it('says in a sentence what is wrong, since when, since which event, and links to what to do', async () => {
    const page = await open('/', 'wide');
    const sentence = page.locator('#sentence');
    await page.getByText('Wrong: ConsumerLagHigh').waitFor();
    assert.match(
      (await sentence.textContent())!,
      /Since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\. First event: ledger\.entry\.upserted, partition 1, number 1235\. Also raised: DlqActivity\. Windows of time that lack what their source has counted: 1\.$/,
    );
    await page.getByLabel('Time zone').selectOption('Asia/Seoul');
    assert.match((await sentence.textContent())!, / KST\. First event/);
    await page.getByLabel('Language').selectOption('ko');
    assert.match((await sentence.textContent())!, /^이상: ConsumerLagHigh\./);
    await page.getByText('행이 없음: ledger.entry.upserted').waitFor();
    assert.match(
      (await page.locator('#windows').textContent())!,
      /20:00:00 KST부터 .* KST까지: 행 100개 중 98개$/,
    );
    await page.getByRole('link', { name: 'ConsumerLagHigh 런북' }).click();
    await page.getByText('# ConsumerLagHigh').waitFor();
  });

  it('shows what comes from events as text, and only as that', async () => {
    const page = await open('/', 'wide');
    await page
      .locator('.legend li', { hasText: HOSTILE.slice(0, 10) })
      .first()
      .waitFor();
    const letters = await open('/dead-letters', 'wide');
    await letters.locator('[data-focus^="open"]').first().click();
    await letters.getByRole('button', { name: 'Open the payload' }).click();
    await letters.locator('dialog pre', { hasText: '<img src=x onerror=alert(1)>' }).waitFor();
    for (const one of [page, letters]) {
      assert.equal(await one.locator('img, b').count(), 0);
      assert.match(await one.title(), /^Backoffice sync/);
    }
  });

  it('keeps the focus through a refresh, and reads nothing aloud while nothing changes', async () => {
    const page = await open('/', 'wide');
    const link = page.getByRole('link', { name: 'Runbook of DlqActivity' });
    await link.focus();
    await page.evaluate(`
      globalThis.spoken = [];
      for (const place of document.querySelectorAll('[role=status], [aria-live]')) {
        new MutationObserver(() => globalThis.spoken.push(place.id)).observe(place, { childList: true, characterData: true, subtree: true });
      }`);
    const facts = await page.locator('#facts').textContent();
    view.add(
      metrics()
        .slice(-20)
        .map((row) => ({ ...row, TimeGenerated: new Date() })),
    );
    await until('other facts', 20_000, async () => (await page.locator('#facts').textContent()) !== facts);
    assert.equal(await page.evaluate('document.activeElement.dataset.focus'), 'runbook DlqActivity');
    assert.deepEqual(await page.evaluate('globalThis.spoken'), []);
  });

  it('is worked on by keyboard: filter, page, select, look, try', async () => {
    const page = await open('/dead-letters', 'wide');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to content');
    await page.keyboard.press('Enter');
    const group = page.getByRole('button', { name: /^Show these: ledger.*gzip/ });
    await group.focus();
    await page.keyboard.press('Enter');
    await page.getByText('Of the group: ledger.entry.upserted, not_json').waitFor();
    const focused = () => page.evaluate<string>('document.activeElement.dataset.focus');
    assert.match(await focused(), /^group ledger.*gzip$/);
    await page.getByRole('button', { name: 'Older' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('Dead letters 49007 to 7').waitFor();
    const open1 = page.locator('[data-focus^="open"]').first();
    await open1.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /^Dead letter / }).waitFor();
    assert.deepEqual(await violations(page), []);
    await page.screenshot({ path: join(SCREENSHOTS, 'dead-letter.png') });
    await page.keyboard.press('Escape');
    assert.match(await focused(), /^open \d+$/);
    const box = page.locator('#letters input').first();
    await box.focus();
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Try (dry run): 1' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('Dry run: would be stored 0, still refused 1').waitFor();
    await page.getByText('Still refused: ').first().waitFor();
    assert.equal(await page.evaluate('document.activeElement.id'), 'try');
  });

  it('filters by key, partition and time, in the zone of the page', async () => {
    const page = await open('/dead-letters', 'wide');
    await page.getByLabel("Broker's key, exactly").fill('key-40000');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.getByText('Dead letters 80001 to 80000').waitFor();
    await page.getByLabel('Partition').fill('1');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.getByText('Dead letters 80001 to 80001').waitFor();
    await page.getByRole('button', { name: 'No condition' }).click();
    await page.locator('#letters [role=row]').nth(50).waitFor();
    await page.getByLabel('Time zone').selectOption('Asia/Seoul');
    const inSeoul = new Date(Date.now() + 9 * 3_600_000 - 40_000_000).toISOString().slice(0, 19);
    await page.getByLabel('Parked before').fill(inSeoul);
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await until('the page of that time', 20_000, async () =>
      /^Dead letters (59|60)\d{3} to/.test((await page.locator('#list-status').textContent())!),
    );
  });

  it('asks before it replays, names its target, and does nothing where the answer is no', async () => {
    const page = await open('/dead-letters', 'phone', true);
    await page.getByRole('button', { name: 'Select all that match' }).click();
    await page.getByRole('button', { name: 'Replay: 10,000' }).click();
    await page.getByRole('heading', { name: 'Bring dead letters in again: 10,000?' }).waitFor();
    await page.locator('#confirm-target', { hasText: /^Target: database scratch_/ }).waitFor();
    assert.deepEqual(await violations(page), []);
    await page.screenshot({ path: join(SCREENSHOTS, 'confirm-phone.png') });
    await page.getByRole('button', { name: 'Cancel' }).click();
    const { rows } = await bed.database.pool.query(
      'SELECT count(*)::integer AS asked FROM sync.replay_requests',
    );
    assert.deepEqual(rows, [{ asked: 0 }]);
    // No queue is set here: what is wrong is said, and the page goes on.
    await page.getByRole('button', { name: 'Replay: 10,000' }).click();
    await page.locator('dialog').getByRole('button', { name: 'Replay', exact: true }).click();
    await page.getByText('Failed: AzureWebJobsStorage is missing').waitFor();
  });
});
