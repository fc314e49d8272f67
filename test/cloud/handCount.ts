import type { SyntheticEvent } from '../../tools/proof/synthetic/payments.ts';

type Count = Record<string, number>;

/** What a person would count in the published events; shares no code with the product. */
export interface HandCount {
  readonly messages: Count;
  readonly deadLetters: Count;
  readonly profileMessages: Count;
  readonly aliasHits: Count;
  readonly coreViolations: Count;
  readonly versionMissing: Count;
  readonly pairingSkipped: number;
  readonly relatedIdNullRatio: number;
}

const CORE = ['core_missing', 'core_invalid', 'alias_conflict'];

export function countByHand(
  events: readonly SyntheticEvent[],
  topics: Readonly<Record<SyntheticEvent['topic'], string>>,
  profile: string,
): HandCount {
  const counts = {
    messages: {} as Count,
    deadLetters: {} as Count,
    profileMessages: {} as Count,
    aliasHits: {} as Count,
    coreViolations: {} as Count,
    versionMissing: {} as Count,
  };
  const add = (count: Count, ...labels: string[]) => {
    const key = labels.join(' ');
    count[key] = (count[key] ?? 0) + 1;
  };
  let pairingSkipped = 0;
  let entries = 0;
  let withoutRelated = 0;
  for (const { topic: logical, body, fault } of events) {
    const topic = topics[logical];
    add(counts.profileMessages, topic, profile);
    add(counts.messages, topic, fault === undefined ? 'success' : 'error');
    if (fault !== undefined) {
      add(counts.deadLetters, topic, fault);
      if (CORE.includes(fault)) add(counts.coreViolations, topic, profile);
      // Of the malformed events, only these have a second name of a field.
      if (fault === 'alias_conflict') add(counts.aliasHits, topic, profile);
      continue;
    }
    const event = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
    const has = (name: string) => event[name] !== undefined;
    const aliased = has('source_version') || (logical === 'ledger' && (has('type') || has('created_at')));
    if (aliased) add(counts.aliasHits, topic, profile);
    if (!has('updated_at') && !has('version') && !has('source_version')) add(counts.versionMissing, topic);
    if (logical !== 'ledger') continue;
    entries++;
    if (!has('related_id')) withoutRelated++;
    if (has('related_type') && event['related_type'] !== 'PAYMENT_ORDER') pairingSkipped++;
  }
  return { ...counts, pairingSkipped, relatedIdNullRatio: withoutRelated / entries };
}
