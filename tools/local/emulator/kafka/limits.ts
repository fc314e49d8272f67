/** What the endpoint takes of a client. */
export interface Limits {
  /** Bytes of one request. The service closes the connection of a larger one. */
  readonly maxRequest: number;
  /** Codecs of record batches, by Kafka's number. */
  readonly codecs: readonly number[];
  /** The newest Fetch: what it is also tells librdkafka which codecs there are. */
  readonly fetchVersion: number;
}

export const CODEC = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;

export type LimitsName = 'service' | 'none';

/** The service's own limits, by its documentation, and none but those of the emulator itself. */
export const LIMITS: Readonly<Record<LimitsName, Limits>> = {
  service: { maxRequest: 1_046_528, codecs: [CODEC.none, CODEC.gzip], fetchVersion: 6 },
  none: { maxRequest: 4 * 1024 * 1024, codecs: Object.values(CODEC), fetchVersion: 11 },
};

/** The setting of the local cloud that lifts them. */
export const LIFT_LIMITS = 'LOCAL_KAFKA_LIMITS=none';
