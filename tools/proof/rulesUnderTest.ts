import { FUNCTIONS_SCHEMA } from '../../shared/store/release.ts';

/**
 * SQL that replaces the rule by which a batch's keys are expected to be new. Whatever it says, right or wrong, the tables
 * have to end up the same.
 *
 * @param condition an SQL expression.
 */
export function expectNewKeysWhere(condition: string): string {
  return `CREATE OR REPLACE FUNCTION ${FUNCTIONS_SCHEMA}.expects_new_keys(p_batch ${FUNCTIONS_SCHEMA}.batch) RETURNS boolean LANGUAGE sql
    RETURN ${condition};`;
}

/**
 * SQL that replaces the size above which a group is kept by what changes, so that a few entries are such a group.
 *
 * @param limit an SQL expression.
 */
export function crowdsAbove(limit: string): string {
  return `CREATE OR REPLACE FUNCTION ${FUNCTIONS_SCHEMA}.crowd_limit() RETURNS integer LANGUAGE sql STABLE RETURN ${limit};`;
}

/**
 * SQL that replaces the size above which a settlement is kept, so that a few entries are enough.
 *
 * @param limit an SQL expression.
 */
export function settlementsKeptAbove(limit: string): string {
  return `CREATE OR REPLACE FUNCTION ${FUNCTIONS_SCHEMA}.large_group() RETURNS integer LANGUAGE sql STABLE RETURN ${limit};`;
}

/** How the violations that the timer has listed differ from those of the settlements: none once it has looked at all. */
export const WRONG_VIOLATIONS = `
  SELECT payment_order_id || ' ' || kind || CASE WHEN is_listed THEN ' is listed' ELSE ' is not listed' END AS wrong
  FROM (SELECT payment_order_id, unnest(violations) AS kind, true AS is_there FROM bo.payment_settlements) s
  FULL JOIN (SELECT payment_order_id, kind, true AS is_listed FROM sync.settlement_violations) v
    USING (payment_order_id, kind)
  WHERE is_there IS NULL OR is_listed IS NULL ORDER BY 1`;

/**
 * How the entries that are listed of large groups differ from the entries that there are: a line each, none where all is
 * right.
 */
export const WRONG_CROWDS = `
  SELECT related_id || ' ' || tx_id AS wrong
  FROM (
    SELECT l.related_id, l.entry_type = 'PAYMENT' AS is_payment, l.event_time, l.tx_id, true AS listed
    FROM bo.ledger_entries l JOIN bo.payment_ledger_pairs p ON p.payment_order_id = l.related_id AND p.crowded
    WHERE ${FUNCTIONS_SCHEMA}.pair_group(l.entry_type, l.related_type, l.related_id) IS NOT NULL
  ) l
  FULL JOIN (SELECT *, true AS listed FROM sync.crowded_entries) e USING (related_id, is_payment, event_time, tx_id)
  WHERE l.listed IS NULL OR e.listed IS NULL`;
