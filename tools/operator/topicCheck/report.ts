import type { RecordTopic } from '../../../shared/contracts/fields.ts';
import type { Format } from './formats.ts';
import type { Failure } from './tally.ts';

/** What `topic-check` found: the members of `--json`. Counts, names and formats; never a value. */
export interface TopicReport {
  readonly verdict: 'ready' | 'ready_with_profile' | 'ask_producer';
  readonly topic: RecordTopic;
  /** Nobody said which topic it is. */
  readonly topic_guessed: boolean;
  readonly samples: {
    readonly received: number;
    /** With key, partition and enqueue time. */
    readonly with_broker_data: number;
    /** Members beyond the limit were not looked at. */
    readonly all_members_seen: boolean;
  };
  readonly envelope: readonly string[];
  readonly fields: readonly FieldReport[];
  readonly other_members: readonly { readonly name: string; readonly formats: readonly FormatShare[] }[];
  readonly profiles: readonly ProfileReport[];
  /** The one that the rest of the report is about. */
  readonly best_profile: string;
  readonly time_zone: { readonly zone: string | null; readonly evidence: string };
  readonly ratios: readonly Ratio[];
  readonly failures: readonly Failure[];
  readonly keys: KeyReport | null;
  readonly order: OrderReport;
  readonly pairs: PairReport | null;
  /** What stands in the way. */
  readonly asks: readonly Finding[];
  /** What would make it better, or needs somebody's word. */
  readonly wishes: readonly Finding[];
}

export interface FormatShare {
  readonly format: Format;
  /** Of the messages that have a value. */
  readonly share: number;
}

export interface FieldReport {
  readonly field: string;
  /** `core`: a dead letter without it; `wanted`: asked of producers. */
  readonly need: 'core' | 'wanted' | 'optional';
  /** Of all messages, how many have a value where it is read from. */
  readonly share: number;
  readonly found: readonly {
    readonly name: string;
    readonly used: boolean;
    /** The name alone does not say so. */
    readonly unsure: boolean;
    readonly share: number;
    /** Of its values. */
    readonly readable: number;
    readonly formats: readonly FormatShare[];
  }[];
}

export interface ProfileReport {
  readonly id: string;
  readonly source: 'built-in' | 'given' | 'proposed';
  readonly accepted: number;
  /** Messages that hold no record, and that the profile passes over. */
  readonly ignored: number;
  /** Of those that are not passed over. */
  readonly share: number;
  /** What it would have to say to read all that is there: members that hold a field, and other settings. */
  readonly lacks: readonly string[];
}

export interface Ratio {
  readonly name:
    | 'metadata_coverage_ratio'
    | 'core_violation_rate'
    | 'alias_hit_ratio'
    | 'version_missing_ratio';
  /** `null` where nothing was accepted. */
  readonly value: number | null;
  readonly threshold: number;
  readonly at_least: boolean;
  readonly ok: boolean;
}

export interface KeyReport {
  readonly without_key: number;
  /** Of messages with a key that were accepted. */
  readonly other_key: number;
  readonly partitions: number;
  /** Of the fullest partition. */
  readonly largest_share: number;
  readonly records_in_several_partitions: number;
}

export interface OrderReport {
  readonly updated_at_share: number;
  readonly version_share: number;
  readonly neither_share: number;
  readonly first: 'updated_at' | 'version';
  readonly records: number;
  /** The numbers below are of one record in so many. */
  readonly one_record_in: number;
  readonly further_states: number;
  readonly late: number;
  readonly duplicates: number;
  /** One revision with two contents. */
  readonly ties: number;
  readonly mixed_axes: number;
  readonly axis_inversions: number;
  readonly contradictions: number;
}

export interface PairReport {
  readonly related_id_null_share: number;
  readonly entries: { readonly payment: number; readonly receive: number; readonly other: number };
  readonly related_ids: number;
  readonly one_related_id_in: number;
  readonly complete: number;
  readonly ambiguous: number;
}

/** Something to ask for, to confirm or to know. What else it has depends on its code. */
export interface Finding {
  readonly code:
    | 'no_json_object'
    | 'envelope_missing'
    | 'field_missing'
    | 'field_invalid'
    | 'alias_conflict'
    | 'future'
    | 'schema_version'
    | 'order_missing'
    | 'zone_unknown'
    | 'wall_clock'
    | 'records_in_array'
    | 'avro'
    | 'confirm_deletes'
    | 'never_paired'
    | 'through_double'
    | 'cut_to_milliseconds'
    | 'confirm_scale'
    | 'behind_header'
    | 'json_in_text'
    | 'minor_units'
    | 'related_id'
    | 'rename'
    | 'confirm_name'
    | 'confirm_envelope'
    | 'confirm_zone'
    | 'confirm_format'
    | 'read_format'
    | 'confirm_ignored'
    | 'confirm_position'
    | 'key_missing'
    | 'key_differs'
    | 'keys_scattered'
    | 'mixed_axes'
    | 'axis_inversions'
    | 'contradictions'
    | 'ties'
    | 'no_pair_types'
    | 'currencies'
    | 'deletions'
    | 'hub_name'
    | 'other_profile';
  readonly field?: string;
  readonly names?: readonly string[];
  readonly formats?: readonly Format[];
  /** Of all messages, or of what the code says. */
  readonly share?: number;
  readonly detail?: string;
}
