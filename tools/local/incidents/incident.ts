import type pg from 'pg';
import type { LocalCloud } from '../cloud.ts';

/** What an incident has to work with: a local cloud whose hosts have stored something already. */
export interface Scene {
  readonly cloud: LocalCloud;
  /** Of the superuser. */
  readonly client: pg.Client;
}

/** An incident that is there. */
export interface Made {
  /** Whether its runbook, or the product itself, has ended it. */
  isOver(): Promise<boolean>;
  /** Takes back what would be left after the cloud has stopped. */
  undo(): Promise<void>;
}

export interface Incident {
  /** What happens, in a sentence. */
  readonly meaning: string;
  /** The page that ends it. */
  readonly runbook: string;
  make(scene: Scene): Promise<Made>;
}

/** Whether a query finds a row. */
export async function finds(client: pg.Client, sql: string, values: unknown[] = []): Promise<boolean> {
  const { rowCount } = await client.query(sql, values);
  return rowCount !== 0;
}
