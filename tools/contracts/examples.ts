import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { LogicalTopic } from '../../shared/contracts/fields.ts';
import type { RejectionReason } from '../../shared/contracts/rejection.ts';

/** The folder of the examples that producers test with. */
export const EXAMPLES_FOLDER = fileURLToPath(new URL('../../docs/examples', import.meta.url));

/** A message of a case and what becomes of it, where those before it have been processed. */
export type ExpectedMessage = {
  /** From the folder of the examples. */
  readonly file: string;
} & (
  | { readonly outcome: 'applied' | 'stale' | 'duplicate' | 'conflict' }
  | { readonly outcome: 'dead_lettered'; readonly error: RejectionReason; readonly detail: string }
);

/** Columns as PostgreSQL writes them, in UTC. */
export type Row = Readonly<Record<string, string | null>>;

/** Messages of one topic, in the order in which they arrive, and the rows that they leave. */
export interface ExampleCase {
  readonly topic: LogicalTopic;
  readonly name: string;
  readonly shows: string;
  readonly messages: readonly ExpectedMessage[];
  /** By table. */
  readonly rows: Readonly<Record<string, readonly Row[]>>;
}

export function readExamples(): ExampleCase[] {
  return JSON.parse(readFileSync(`${EXAMPLES_FOLDER}/index.json`, 'utf8')) as ExampleCase[];
}

/** The exact bytes of a message. */
export function exampleBody(file: string): Buffer {
  return readFileSync(`${EXAMPLES_FOLDER}/${file}`);
}
