import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { Random } from '../../tools/proof/synthetic/random.ts';
import { FaultBed } from './faultBed.ts';
import type { CutPoint } from './postgresProxy.ts';

const SEED = 43;
const CUTS_IN_STREAM = 12;

type Row = readonly [
  what: string,
  from: CutPoint['from'],
  phase: CutPoint['phase'],
  type: string,
  arrives?: CutPoint['arrives'],
];

/** Everything that a connection says until its first batch is stored, in order; up to here nothing is committed. */
const BEFORE_COMMIT: readonly Row[] = [
  ['the start-up message', 'host', 'login', 'startup'],
  ['the demand for a password', 'database', 'login', 'R'],
  ['the proof of the password', 'host', 'login', 'p'],
  ['a parameter of the session', 'database', 'login', 'S'],
  ['the end of the login', 'database', 'login', 'Z'],
  ['the statement', 'host', 'batch', 'P'],
  ['the events', 'host', 'batch', 'B'],
  ['the second half of the events', 'host', 'batch', 'B', 'half'],
  ['the question for columns', 'host', 'batch', 'D'],
  ['the order to execute', 'host', 'batch', 'E'],
  ['the end of the transaction', 'host', 'batch', 'S'],
];

/** PostgreSQL answers when it has committed: the batch is stored, and the host does not know. */
const AFTER_COMMIT: readonly Row[] = [
  ['the confirmation of the statement', 'database', 'batch', '1'],
  ['the confirmation of the events', 'database', 'batch', '2'],
  ['the columns', 'database', 'batch', 'T'],
  ['the outcomes', 'database', 'batch', 'D'],
  ['the second half of the outcomes', 'database', 'batch', 'D', 'half'],
  ['the completion', 'database', 'batch', 'C'],
  ['the end of the answer', 'database', 'batch', 'Z'],
];

describe(`the connection to PostgreSQL is cut at every message of a batch, seed ${SEED}`, () => {
  let bed: FaultBed;
  beforeAll(async () => {
    bed = await FaultBed.start(SEED);
    await bed.startHost();
    await bed.publish(200);
    await bed.caughtUp();
  });
  afterAll(() => bed.stop());

  const cutOnce = async ([what, from, phase, type, arrives = 'nothing']: Row) => {
    // From here on every batch needs a new connection.
    bed.database.cutAll();
    const cut = bed.database.cutAt({ from, phase, type, arrives });
    await bed.untilLogged(/was not stored and is tried again/, async () => {
      await bed.publish(40);
      await Promise.race([
        cut,
        delay(30_000, undefined, { ref: false }).then(() => assert.fail(`${what} never came`)),
      ]);
    });
    await bed.caughtUp();
  };

  for (const row of BEFORE_COMMIT) {
    it(`before the commit, without ${row[0]}`, async () => {
      const before = await bed.redelivered();
      await cutOnce(row);
      assert.equal(await bed.redelivered(), before);
      await bed.assertExact();
    });
  }
  for (const row of AFTER_COMMIT) {
    it(`after the commit, without ${row[0]}`, async () => {
      const before = await bed.redelivered();
      await cutOnce(row);
      await bed.untilRedelivered(before);
      await bed.assertExact();
    });
  }

  it(`${CUTS_IN_STREAM} times in a stream: one at a point of the seed, the others wherever they are`, async () => {
    const random = new Random(SEED);
    // The statement itself is only sent on a new connection.
    const points = [...BEFORE_COMMIT, ...AFTER_COMMIT].filter(
      ([, , phase, type]) => phase === 'batch' && !'P1'.includes(type),
    );
    for (let cuts = 0; cuts < CUTS_IN_STREAM; cuts++) {
      const [, from, phase, type, arrives = 'nothing'] = random.pick(points);
      const cut = bed.database.cutAt({ from, phase, type, arrives });
      const publishing = bed.publish(100);
      await cut;
      bed.database.cutAll();
      await publishing;
    }
    await bed.caughtUp();
    await bed.assertExact();
  });
});
