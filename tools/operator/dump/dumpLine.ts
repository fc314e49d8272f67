import type { JsonObject } from '../../../shared/contracts/json.ts';
import type { Rejection } from '../../../shared/contracts/rejection.ts';

/** One row of a dump. */
export interface DumpRow {
  /** Where it ends in the unpacked dump, from 1. */
  readonly line: number;
  readonly fields: JsonObject;
}

/** A line that is no row. */
export interface BadLine {
  readonly line: number;
  readonly rejection: Rejection;
  readonly text: string;
}

export type DumpLine = DumpRow | BadLine;

export interface DumpOptions {
  /** Which tables of a plain `pg_dump`, where it holds several: names, or patterns with `*` (the partitions of one table). */
  readonly tables?: readonly string[] | undefined;
  /** What stands for no value in a CSV, besides `\N`. */
  readonly nullText?: string | undefined;
  /** Lines up to this one need not be given: nobody reads them. */
  readonly skipTo?: number | undefined;
  /** Told the names of the columns, before the first row; throws where they do not do. */
  readonly checkColumns: (names: readonly string[]) => void;
  /** Told what is unusual about the dump and was allowed for. */
  readonly note?: ((text: string) => void) | undefined;
}
