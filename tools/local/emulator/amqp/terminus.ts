/** The two ends of a link: its source and its target (AMQP 1.0, 3.5.3 and 3.5.4). */
import { decodeValue, listElements, type Value } from './decode.ts';
import { encodeNull } from './encode.ts';
import { descriptorCode, endOfValue } from './walk.ts';

const SOURCE = 0x28;
/** Both begin with their address; only a source has filters, at this place. */
const AT = { address: 0, filter: 7 } as const;

export interface Terminus {
  /** As the client wrote it; '' where it names none. */
  readonly address: string;
  /** The filters of a source by name. */
  readonly filters: ReadonlyMap<Value, Value>;
  /** As the client encoded it: an answer that repeats it agrees to all of it. */
  readonly bytes: Buffer;
}

/** In the place of a terminus that is not made. */
export const NO_TERMINUS = encodeNull();

/** Reads a source or a target; one that is absent or of another kind has no address. */
export function readTerminus(bytes: Buffer): Terminus {
  const fields = bytes[0] === 0x00 ? listElements(bytes, endOfValue(bytes, 1)) : [];
  const value = (at: number) => (fields[at] === undefined ? null : decodeValue(fields[at], 0));
  const address = value(AT.address);
  const filters = bytes[0] === 0x00 && descriptorCode(bytes, 1) === SOURCE ? value(AT.filter) : null;
  return {
    address: typeof address === 'string' ? address : '',
    filters: filters instanceof Map ? filters : new Map<Value, Value>(),
    bytes,
  };
}
