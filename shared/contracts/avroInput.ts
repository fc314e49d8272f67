import { isUtf8 } from 'node:buffer';

/** How bytes break the schema that they were written by; the message names the rule, never a value. */
export class MalformedAvro extends Error {
  override readonly name = 'MalformedAvro';
}

/** Far deeper than a record is, and far less than the stack can hold. */
const MAX_DEPTH = 100;
/** Values beyond one a byte: members that take no bytes (null, an empty record). */
const VALUES_WITHOUT_BYTES = 10_000;
/** A zigzag integer of 64 bits takes no more bytes. */
const MAX_LONG_BYTES = 10;

/**
 * The bytes of an Avro value. What is read is never more than there is: a length or a count that lies ends the reading, and
 * so does a count of values that take no bytes.
 */
export class AvroInput {
  readonly #bytes: Buffer;
  #at = 0;
  #values: number;
  #depth = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#values = bytes.length + VALUES_WITHOUT_BYTES;
  }

  /** Reads a value inside of another one. */
  inner<V>(read: (input: AvroInput) => V): V {
    if (--this.#values < 0) throw new MalformedAvro('it has more values than bytes');
    if (++this.#depth > MAX_DEPTH)
      throw new MalformedAvro(`its values are nested in more than ${MAX_DEPTH} others`);
    const value = read(this);
    this.#depth--;
    return value;
  }

  /** The next bytes. */
  take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length)
      throw new MalformedAvro('it ends within a value, or a length in it is wrong');
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  /** An int or a long; a `bigint` where a double could not hold it. */
  long(): number | bigint {
    let value = 0;
    let wide = 0n;
    for (let index = 0; index < MAX_LONG_BYTES; index++) {
      const byte = this.take(1)[0]!;
      // Seven groups of seven bits are a safe integer.
      if (index < 7) value += (byte & 0x7f) * 2 ** (7 * index);
      else wide |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte >= 0x80) continue;
      if (index < 7) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      const all = wide | BigInt(value);
      if (all >= 2n ** 64n) break;
      return narrowed(all & 1n ? -((all + 1n) / 2n) : all / 2n);
    }
    throw new MalformedAvro('it has an integer of more than 64 bits');
  }

  int(): number {
    const value = this.long();
    if (typeof value === 'bigint' || value !== (value | 0)) {
      throw new MalformedAvro('it has an int of more than 32 bits');
    }
    return value;
  }

  boolean(): boolean {
    const byte = this.take(1)[0]!;
    if (byte > 1) throw new MalformedAvro('it has a boolean that is neither 0 nor 1');
    return byte === 1;
  }

  /** A number of bytes that follow, or the place of something. */
  index(): number {
    const value = this.long();
    if (typeof value === 'bigint' || value < 0)
      throw new MalformedAvro('it has a length or an index out of range');
    return value;
  }

  /** The items of a block of an array or a map; 0 is the end. A negative count is followed by the block's size in bytes. */
  count(): number {
    const count = this.long();
    if (typeof count === 'bigint') throw new MalformedAvro('it has a count out of range');
    if (count < 0) this.index();
    return Math.abs(count);
  }

  text(): string {
    const bytes = this.take(this.index());
    if (!isUtf8(bytes)) throw new MalformedAvro('it has a text that is not valid UTF-8');
    return bytes.toString('utf8');
  }

  /** All of it has to be read. */
  end(): void {
    if (this.#at < this.#bytes.length) throw new MalformedAvro('bytes follow after its end');
  }
}

function narrowed(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
