/** What a client is told when something cannot be done: an error of the protocol, and a text for people. */
export interface KafkaError {
  readonly error: ErrorName;
  /** Where it says more than the protocol's own text. */
  readonly message: string | undefined;
}

/** The errors that this endpoint answers with. */
type ErrorName =
  | 'CORRUPT_MESSAGE'
  | 'GROUP_AUTHORIZATION_FAILED'
  | 'ILLEGAL_SASL_STATE'
  | 'INVALID_PRODUCER_EPOCH'
  | 'INVALID_RECORD'
  | 'INVALID_REQUIRED_ACKS'
  | 'INVALID_TXN_STATE'
  | 'KAFKA_STORAGE_ERROR'
  | 'MESSAGE_TOO_LARGE'
  | 'OFFSET_OUT_OF_RANGE'
  | 'OUT_OF_ORDER_SEQUENCE_NUMBER'
  | 'SASL_AUTHENTICATION_FAILED'
  | 'TOPIC_AUTHORIZATION_FAILED'
  | 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED'
  | 'UNKNOWN_TOPIC_OR_PARTITION'
  | 'UNSUPPORTED_COMPRESSION_TYPE'
  | 'UNSUPPORTED_SASL_MECHANISM'
  | 'UNSUPPORTED_VERSION';

export function kafkaError(error: ErrorName, message?: string): KafkaError {
  return { error, message };
}

/** Tells an error from a regular result. */
export function isKafkaError(value: object): value is KafkaError {
  return 'error' in value;
}
