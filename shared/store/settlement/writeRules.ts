import { createHash } from 'node:crypto';
import type pg from 'pg';
import { compileRules, type SettlementRules } from '../../contracts/settlementRules.ts';

/**
 * Writes the rules by which the database computes settlements, where it has others; returns whether it did. Two apps of one
 * profile write the same. Every group is then looked at again, some with each run of the timer.
 *
 * @param client with a transaction open: readers see the old rules or the new ones.
 * @param onlyFirst leave rules that are there as they are.
 */
export async function writeSettlementRules(
  client: pg.ClientBase,
  rules: SettlementRules,
  { onlyFirst = false }: { readonly onlyFirst?: boolean } = {},
): Promise<boolean> {
  const { types, statuses } = compileRules(rules);
  const sha256 = createHash('sha256')
    .update(JSON.stringify([types, statuses]))
    .digest('hex');
  const { rowCount } = await client.query(
    `UPDATE sync.settlement_rules SET sha256 = $1, written_at = now(), next_group = ''
     WHERE sha256 <> $1 AND (sha256 = '' OR NOT $2)`,
    [sha256, onlyFirst],
  );
  if (rowCount === 0) return false;
  await client.query('DELETE FROM sync.settlement_types');
  await client.query('DELETE FROM sync.settlement_statuses');
  await client.query('DELETE FROM sync.large_settlements');
  await client.query(
    `INSERT INTO sync.settlement_types (entry_type, sign, flow, is_out, one_to_one, gives_back, reverses)
     SELECT * FROM jsonb_to_recordset($1) AS r(entry_type text, sign smallint, flow text, is_out boolean,
       one_to_one boolean, gives_back boolean, reverses boolean)`,
    [JSON.stringify(types)],
  );
  await client.query(
    `INSERT INTO sync.settlement_statuses (status, cancelled, states)
     SELECT * FROM jsonb_to_recordset($1) AS r(status text, cancelled boolean, states text[])`,
    [JSON.stringify(statuses)],
  );
  return true;
}
