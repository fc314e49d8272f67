import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'vitest';
import type { LedgerEntry } from '../../../shared/contracts/records.ts';
import type { Money } from '../../../shared/contracts/values.ts';
import { compact } from '../../../shared/precedence/compact.ts';
import {
  comparePrecedence,
  losingVerdict,
  mixesAxes,
  type Positioned,
} from '../../../shared/precedence/precedence.ts';

type Event = Positioned<'ledger'>;

/** Few values, so that ties are the rule. */
const event: fc.Arbitrary<Event> = fc.record({
  record: fc
    .record({
      txId: fc.constantFrom('a', 'b'),
      amount: fc.constantFrom('1', '1.0', '2') as fc.Arbitrary<Money>,
      updatedAt: fc.constantFrom(null, 10, 20),
      version: fc.constantFrom(null, 0n, 1n),
      schemaVersion: fc.constantFrom(null, '1'),
    })
    .map(
      (part): LedgerEntry => ({
        walletId: 'w',
        entryType: 'PAYMENT',
        amountSigned: null,
        relatedId: null,
        relatedType: null,
        eventTime: 1,
        sourceCreatedAt: 1,
        reversesTxId: null,
        currency: null,
        occurredAt: null,
        ...part,
      }),
    ),
  position: fc.record(
    {
      enqueuedAt: fc.integer({ min: 1, max: 2 }),
      partition: fc.integer({ min: 0, max: 1 }),
      sequenceNumber: fc.integer({ min: 0, max: 2 }),
    },
    { noNullPrototype: true },
  ),
});
const order = fc.boolean();
const seed = { seed: 20261122, numRuns: 2000 };

test('precedence is a total order: antisymmetric, transitive, zero only for one revision at one position', () => {
  fc.assert(
    fc.property(event, event, event, order, (a, b, c, versionFirst) => {
      const compare = (x: Event, y: Event) => Math.sign(comparePrecedence(x, y, versionFirst));
      assert.equal(compare(a, b) + compare(b, a), 0);
      if (compare(a, b) >= 0 && compare(b, c) >= 0) assert.ok(compare(a, c) >= 0);
      if (compare(a, b) === 0) assert.deepEqual(a.position, b.position);
    }),
    seed,
  );
});

test('updated_at decides before version, or after it where the profile says so; absent ranks lowest', () => {
  const at = (updatedAt: number | null, version: bigint | null, sequenceNumber = 0): Event =>
    ({ record: { updatedAt, version }, position: { enqueuedAt: 1, partition: 0, sequenceNumber } }) as Event;
  assert.ok(comparePrecedence(at(20, 1n), at(10, 9n), false) > 0);
  assert.ok(comparePrecedence(at(20, 1n), at(10, 9n), true) < 0);
  assert.ok(comparePrecedence(at(null, 9n), at(10, null), false) < 0);
  assert.ok(comparePrecedence(at(null, null, 9), at(null, 0n, 1), false) < 0);
  assert.ok(comparePrecedence(at(null, null, 9), at(null, null, 1), false) > 0);
  assert.ok(comparePrecedence(at(10, 1n, 9), at(10, 1n, 1), false) > 0);
});

test('compaction keeps the highest event of each key, whatever the order, and accounts for the others', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 12 }), order, (events, versionFirst) => {
      const { winners, losers } = compact('ledger', events, versionFirst);
      assert.equal(winners.length + losers.length, events.length);
      const keys = winners.map((winner) => winner.record.txId);
      assert.deepEqual(keys, [...new Set(events.map((other) => other.record.txId))].sort());
      for (const winner of winners) {
        const rivals = events.filter((other) => other.record.txId === winner.record.txId);
        for (const rival of rivals) assert.ok(comparePrecedence(winner, rival, versionFirst) >= 0);
      }
      const reversed = compact('ledger', [...events].reverse(), versionFirst).winners;
      assert.deepEqual(
        reversed.map((winner) => winner.position),
        winners.map((winner) => winner.position),
      );
    }),
    seed,
  );
});

test('a loser is stale, a duplicate by value, or a conflict; without revisions never a conflict', () => {
  const at = (part: Partial<LedgerEntry>, sequenceNumber: number): Event => ({
    record: { walletId: 'w', amount: '1', updatedAt: 10, version: 1n, ...part } as LedgerEntry,
    position: { enqueuedAt: 1, partition: 0, sequenceNumber },
  });
  const verdict = (loser: Event, winner: Event) => losingVerdict('ledger', loser, winner);
  assert.equal(verdict(at({ version: 0n }, 1), at({}, 2)), 'stale');
  assert.equal(verdict(at({ amount: '1.00' as Money, schemaVersion: '1.1' }, 1), at({}, 2)), 'duplicate');
  assert.equal(verdict(at({ amount: '2' as Money }, 1), at({}, 2)), 'conflict');
  const none = { updatedAt: null, version: null };
  assert.equal(verdict(at({ ...none, amount: '2' as Money }, 1), at(none, 2)), 'stale');
  assert.equal(verdict(at(none, 1), at(none, 2)), 'duplicate');
  assert.equal(mixesAxes(at({ updatedAt: null }, 1).record, at({}, 2).record, false), true);
  assert.equal(mixesAxes(at({ updatedAt: null }, 1).record, at({}, 2).record, true), false);
  assert.equal(mixesAxes(at({ version: null }, 1).record, at({}, 2).record, true), true);
});
