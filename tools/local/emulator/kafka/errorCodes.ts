import { protocolErrors } from '@platformatic/kafka';
import type { KafkaError } from './errors.ts';

/** The number that says in an answer what went wrong; 0 for nothing. */
export function codeOf(error: KafkaError | undefined): number {
  return error === undefined ? 0 : protocolErrors[error.error]!.code;
}

/** The text of an error: its own, or the protocol's. */
export function textOf(error: KafkaError): string {
  return error.message ?? protocolErrors[error.error]!.message;
}
