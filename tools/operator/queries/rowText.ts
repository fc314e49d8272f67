/** A row as people read it: every value as text, times in UTC with all of their digits. */
export type RowText = Readonly<Record<string, string | null>>;

/** Where a row came from. */
export interface RowSource {
  readonly partition: number;
  /** Of the event; of a row that a dump brought, the line. */
  readonly sequence: string;
  readonly enqueuedAt: Date;
  readonly ingestedAt: Date;
}

/** A row with its source apart. */
export interface ServingRow {
  readonly columns: RowText;
  readonly source: RowSource;
}

/** The columns of a row, and those of its source, which a query names `source_...` and `ingested_at`. */
export function servingRow(row: Record<string, unknown>): ServingRow {
  const { source_partition, source_sequence, source_enqueued_at, ingested_at, ...columns } = row;
  return {
    columns: columns as RowText,
    source: {
      partition: source_partition as number,
      sequence: source_sequence as string,
      enqueuedAt: source_enqueued_at as Date,
      ingestedAt: ingested_at as Date,
    },
  };
}
