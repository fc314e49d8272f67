import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { REJECTION_REASONS } from '../../shared/contracts/rejection.ts';
import { ingest } from '../../shared/ingest/ingest.ts';
import { Partition, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { testDatabase } from '../support/database.ts';
import { ROOT } from '../support/runbooks.ts';

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const PAGES = { en: read('docs/glossary.md'), ko: read('docs/glossary.ko.md') };

/** Cells of the rows that begin with a reason; an example in JSON is in backticks. */
function reasonsOf(page: string) {
  return [...page.matchAll(/^\| `(\w+)` \| (.+) \| (.+) \|$/gm)].map(([, reason, example, fix]) => ({
    reason: reason!,
    json: /^`([{[].*)`/.exec(example!)?.[1],
    fix: fix!,
  }));
}

describe('the glossary', () => {
  it('has every reason in both languages, in their order, each with a fix, and the same examples', () => {
    for (const page of Object.values(PAGES)) {
      assert.deepEqual(
        reasonsOf(page).map(({ reason }) => reason),
        [...REJECTION_REASONS],
      );
    }
    const examples = (page: string) => reasonsOf(page).map(({ json }) => json);
    assert.deepEqual(examples(PAGES.ko), examples(PAGES.en));
    for (const { reason, fix } of reasonsOf(PAGES.ko)) assert.match(fix, /[가-힣]/, reason);
  });

  it('has examples that become dead letters for the reason that they stand for', async (t) => {
    const database = await testDatabase(t);
    const partition = new Partition(0);
    const examples = reasonsOf(PAGES.en).filter(({ json }) => json !== undefined);
    await ingest(
      rulesFor(database.pool, 'ledger'),
      examples.map(({ json }) => partition.event(json!)),
    );
    const letters = await database.rows('SELECT error FROM bo.consumer_dlq_events ORDER BY sequence_number');
    assert.deepEqual(
      letters.map(({ error }) => error),
      examples.map(({ reason }) => reason),
    );
    assert.equal(examples.length, 8);
  });

  it('has the words of the outcomes and of pairs, and its links lead somewhere', () => {
    for (const page of Object.values(PAGES)) {
      for (const word of [
        ...['applied', 'stale', 'duplicate', 'conflict', 'dead_lettered', 'ignored', 'redelivered'],
        ...['COMPLETE', 'INCOMPLETE', 'AMBIGUOUS', 'mismatch', 'watermark', 'epoch', 'gap'],
      ]) {
        assert.match(page.toLowerCase(), new RegExp(`^\\| .*${word.toLowerCase()}.* \\| .+ \\|`, 'm'), word);
      }
      for (const [, link] of page.matchAll(/\]\(([^)#:]+)\)/g)) {
        assert.ok(existsSync(join(ROOT, 'docs', link!)), link);
      }
    }
  });
});
