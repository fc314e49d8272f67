import type pg from 'pg';
import type { IngestSettings } from '../ingest/rules.ts';
import type { HubReader } from './hubReader.ts';

/** What a run of a replay works with. */
export interface ReplayContext {
  readonly settings: IngestSettings;
  readonly database: pg.Pool;
  readonly hub: HubReader;
  /** Under which the request is known. */
  readonly requestId: string;
  /** Asked between pages: a run must end before the host ends it. */
  readonly timeIsOver: () => boolean;
}
