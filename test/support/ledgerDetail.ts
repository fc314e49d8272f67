import { decodeBody } from '../../shared/contracts/decode.ts';
import { normalise } from '../../shared/contracts/normalise.ts';
import { BUILT_IN_PROFILES, contractOf, parseProfile } from '../../shared/contracts/profile.ts';
import { entry } from '../../tools/proof/exampleEvents.ts';

const profile = parseProfile(BUILT_IN_PROFILES['canonical-v1'], 'canonical-v1');
const contract = { ...contractOf(profile, 'ledger', 'hub'), logicalTopic: 'ledger' as const };

/** Reason and detail of a ledger entry's body as a dead letter. */
export function ledgerDetail(body: Buffer | string): string {
  const decoded = decodeBody(Buffer.from(body as string));
  if (!decoded.accepted) return `${decoded.reason} ${decoded.detail}`;
  const read = normalise(contract, decoded.object, { enqueuedAt: Infinity, maxClockSkew: 0 });
  return read.accepted ? 'accepted' : `${read.reason} ${read.detail}`;
}

/** A good entry with this JSON as the value of a field. */
export function entryWith(field: string, json: string): string {
  return JSON.stringify(entry('t', { [field]: 'PLACE' })).replace('"PLACE"', () => json);
}
