import assert from 'node:assert/strict';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { test } from 'vitest';
import { decodeBody } from '../../shared/contracts/decode.ts';
import { openEnvelope } from '../../shared/contracts/envelope.ts';
import { LOGICAL_TOPICS, type LogicalTopic } from '../../shared/contracts/fields.ts';
import { isObject, type JsonObject } from '../../shared/contracts/json.ts';
import { normalise, present } from '../../shared/contracts/normalise.ts';
import {
  BUILT_IN_PROFILES,
  type Contract,
  contractOf,
  type Profile,
  parseProfile,
} from '../../shared/contracts/profile.ts';
import type { Rejection } from '../../shared/contracts/rejection.ts';
import { eventSchema } from '../../tools/contracts/eventSchema.ts';
import { NOT_IN_THE_SCHEMA } from '../../tools/contracts/kinds.ts';
import { HOSTILE_MESSAGES } from '../hostile/messages/index.ts';
import { looseRule } from './looseRule.ts';
import { bodies } from './payloads.ts';
import { ODD_PROFILE } from './profiles.ts';

const SEED = Number(process.env['CONTRACTS_SEED'] ?? 20261122);
const RUNS = Number(process.env['CONTRACTS_RUNS'] ?? 3000);
/** 2026-11-22 12:00 UTC. */
const CLOCK = { enqueuedAt: Date.UTC(2026, 10, 22, 12) * 1000, maxClockSkew: 300_000_000 };
const PROFILES: readonly Profile[] = [
  ...Object.entries(BUILT_IN_PROFILES).map(([id, data]) => parseProfile(data, id)),
  ODD_PROFILE,
];

interface Judges {
  readonly contract: Contract;
  readonly bySchema: ValidateFunction;
}

function judges(profile: Profile, topic: LogicalTopic): Judges {
  return {
    contract: contractOf(profile, topic, profile.topics[topic].topic),
    bySchema: new Ajv2020({ strict: true, allErrors: true }).compile(eventSchema(profile, topic)),
  };
}

/** How schema and sync disagree over a body, or which rule that no schema can say explains it. */
function verdict(
  { contract, bySchema }: Judges,
  body: Buffer,
): { accepted: boolean; problem?: string; rule?: string } {
  const decoded = decodeBody(body);
  assert.ok(decoded.accepted);
  const bySync = normalise(contract, decoded.object, CLOCK);
  const valid = bySchema(JSON.parse(body.toString('utf8').replace(/^\ufeff/, '')));
  if (bySync.accepted) {
    const errors = JSON.stringify(
      bySchema.errors?.map(({ instancePath, message }) => [instancePath, message]),
    );
    return valid
      ? { accepted: true }
      : { accepted: true, problem: `The sync accepts it, the schema does not: ${errors}` };
  }
  if (!valid) return { accepted: false };
  const rule = explanation(contract, decoded.object, bySync);
  if (rule !== undefined) return { accepted: false, rule };
  return {
    accepted: false,
    problem: `The schema accepts it, the sync does not: ${bySync.reason}, ${bySync.detail}`,
  };
}

/** The rule that no schema can say, by which the sync refused a body that is valid by its schema. */
function explanation(
  contract: Contract,
  body: JsonObject,
  { reason, detail }: Rejection,
): string | undefined {
  if (reason === 'alias_conflict') return 'alias_conflict';
  if (reason === 'timestamp_in_future') return 'future';
  if (reason !== 'core_invalid' && reason !== 'field_invalid' && reason !== 'unsupported_schema_version')
    return undefined;
  if (detail.startsWith('window_end: must be later')) return 'window';
  const field = contract.fields.find(({ name }) => detail.startsWith(`${name}: `))!;
  const payload = openEnvelope(body, contract.envelope)!;
  const rules = [...field.names.map((name) => [name]), ...field.paths].flatMap((place) => {
    const parent = place
      .slice(0, -1)
      .reduce<unknown>((inner, member) => (isObject(inner) ? inner[member] : undefined), payload);
    if (!isObject(parent)) return [];
    const value = present(parent, place.at(-1)!);
    const read = value === undefined || field.read(value, body, 0) !== undefined;
    return read ? [] : [looseRule(field.kind, parent[place.at(-1)!])];
  });
  return rules.find((rule) => rule !== undefined);
}

test(`schema and sync agree over ${RUNS} bodies of each topic and profile (seed ${SEED})`, () => {
  const seen: Record<string, number> = { accepted: 0, rejected: 0 };
  for (const profile of PROFILES) {
    for (const topic of LOGICAL_TOPICS) {
      const both = judges(profile, topic);
      fc.assert(
        fc.property(bodies(both.contract), (body) => {
          const { accepted, problem, rule } = verdict(both, Buffer.from(body));
          assert.equal(problem, undefined, body);
          const kind = accepted ? 'accepted' : 'rejected';
          seen[kind] = seen[kind]! + 1;
          if (rule !== undefined) seen[rule] = (seen[rule] ?? 0) + 1;
        }),
        { seed: SEED, numRuns: RUNS },
      );
    }
  }
  console.log(`Contracts, seed ${SEED}: ${JSON.stringify(seen)}`);
  const { text_of_json: _before, ...rules } = NOT_IN_THE_SCHEMA;
  for (const rule of Object.keys(rules)) assert.ok(seen[rule], `${rule} was needed`);
  assert.ok(seen['accepted']! > 500 && seen['rejected']! > 500, 'both verdicts');
});

test('schema and sync agree over the hostile messages', () => {
  const both = Object.fromEntries(
    LOGICAL_TOPICS.map((topic) => [topic, judges(PROFILES[0]!, topic)]),
  ) as Record<LogicalTopic, Judges>;
  let compared = 0;
  const problems = HOSTILE_MESSAGES.flatMap(({ name, topic, body }) => {
    const bytes = body('tx-1');
    // Nesting that the parser of the sync takes can be too deep for that of a schema.
    if (bytes.length > 100_000 || !decodeBody(bytes).accepted) return [];
    compared++;
    const { problem } = verdict(both[topic], bytes);
    return problem === undefined ? [] : [`${name}: ${problem}`];
  });
  assert.deepEqual(problems, []);
  assert.ok(compared > 300, `${compared} messages`);
});

test('a schema that is stricter or looser than the sync is noticed', () => {
  const both = judges(PROFILES[0]!, 'payment_order');
  const schema = eventSchema(PROFILES[0]!, 'payment_order') as {
    $defs: Record<string, object>;
  };
  const good = '{"order_id":"o","amount":"1e3","status":"PAID","created_at":"2026-11-20T10:15:30Z"}';
  assert.equal(verdict(both, Buffer.from(good)).problem, undefined);
  const changed = (money: object) => ({
    ...both,
    bySchema: new Ajv2020().compile({ ...schema, $defs: { ...schema.$defs, money } }),
  });
  assert.match(verdict(changed({ type: 'number' }), Buffer.from(good)).problem!, /^The sync accepts it/);
  const broken = Buffer.from(good.replace('1e3', '1,000'));
  assert.equal(verdict(both, broken).problem, undefined);
  assert.match(verdict(changed({}), broken).problem!, /^The schema accepts it.*core_invalid, amount/);
});
