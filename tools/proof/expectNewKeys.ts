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
