import type { KnownSchemas } from '../../../shared/contracts/avro.ts';
import type { RecordTopic } from '../../../shared/contracts/fields.ts';
import type { Profile } from '../../../shared/contracts/profile.ts';
import type { Microseconds } from '../../../shared/contracts/timestamp.ts';
import type { History } from './history.ts';
import type { Reading } from './reading.ts';
import type { ProfileReport } from './report.ts';
import type { Survey } from './survey.ts';
import type { Tally } from './tally.ts';
import type { ZoneFinding } from './zone.ts';

/** The limits of the four ratios (SPEC 9). */
export interface Thresholds {
  readonly metadata_coverage_ratio: number;
  readonly core_violation_rate: number;
  readonly alias_hit_ratio: number;
  readonly version_missing_ratio: number;
}

export interface CheckOptions {
  /** Guessed where it is not known. */
  readonly topic: RecordTopic | undefined;
  /** Where it comes from, if from a hub: a proposed profile names it. */
  readonly hub: string | undefined;
  readonly builtIn: readonly Profile[];
  readonly given: Profile | undefined;
  /** The zone of times without an offset, if somebody knows it. */
  readonly timeZone: string | undefined;
  readonly thresholds: Thresholds;
  readonly maxClockSkew: Microseconds;
  /** Those of the samples read so far that are in Avro; complete for a page when it is read. */
  readonly schemas: KnownSchemas;
  /** Records and pairs that are followed at once. */
  readonly recordLimit: number;
}

/** A profile that the samples are read with, and what becomes of them. */
export interface Candidate {
  readonly source: ProfileReport['source'];
  readonly profile: Profile;
  readonly tally: Tally<RecordTopic>;
}

/** Everything that the report is made of. */
export interface Evidence {
  readonly survey: Survey;
  readonly reading: Reading;
  readonly zone: ZoneFinding;
  readonly candidates: readonly Candidate[];
  readonly best: Candidate;
  readonly proposed: Profile;
  readonly history: History<RecordTopic>;
  readonly options: CheckOptions;
}
