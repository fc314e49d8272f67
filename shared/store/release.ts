/**
 * The schema of the database functions that this release calls (docs/adr/0010). A release whose functions differ from those
 * of the one before has the next number: both are installed while a deployment rolls.
 */
export const FUNCTIONS_SCHEMA = 'sync_r1';
