/**
 * SQL that replaces the rule by which a batch's keys are expected to be new. Whatever it says, right or wrong, the tables
 * have to end up the same.
 *
 * @param condition an SQL expression.
 */
export function expectNewKeysWhere(condition: string): string {
  return `CREATE OR REPLACE FUNCTION sync.expects_new_keys_v1(p_batch sync.batch_v1) RETURNS boolean LANGUAGE sql
    RETURN ${condition};`;
}
