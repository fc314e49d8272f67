import type pg from 'pg';
import type { LogicalTopic } from '../contracts/fields.ts';
import { contractOf, type Profile } from '../contracts/profile.ts';
import type { Microseconds } from '../contracts/timestamp.ts';
import type { PrivacySource } from '../privacy/privacy.ts';
import type { SchemaSource } from '../schemas/schemaSource.ts';
import type { IngestRules } from './ingest.ts';

/** The part of the settings that says how events are ingested. */
export interface IngestSettings {
  readonly profile: Profile;
  readonly topics: Readonly<Record<LogicalTopic, string>>;
  readonly maxClockSkew: Microseconds;
  readonly privacy: PrivacySource;
  /** Of Avro. */
  readonly schemas: SchemaSource;
}

/** The rules of one topic: the same for the stream and for everything that is brought in again. */
export function ingestRules<T extends LogicalTopic>(
  { profile, topics, maxClockSkew, privacy, schemas }: IngestSettings,
  database: pg.Pool,
  logicalTopic: T,
): IngestRules<T> {
  const contract = contractOf(profile, logicalTopic, topics[logicalTopic]);
  return { contract, maxClockSkew, privacy, schemas, database };
}
