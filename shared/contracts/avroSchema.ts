import type { AvroInput } from './avroInput.ts';
import { MalformedAvro } from './avroInput.ts';
import { logicalType } from './avroLogicalTypes.ts';
import { FloatingPoint, isObject, type JsonObject, NumberText } from './json.ts';

/** Reads the value of a schema, as JSON would have it: what the rules of a profile are for. */
export type AvroReader = (input: AvroInput) => unknown;

/** Readers of the named types that were defined so far, by full name. */
type Names = Map<string, AvroReader>;

const PRIMITIVES: Readonly<Record<string, AvroReader>> = {
  null: () => null,
  boolean: (input) => input.boolean(),
  int: (input) => input.int(),
  long: (input) => input.long(),
  float: (input) => input.take(4).readFloatLE(),
  double: (input) => input.take(8).readDoubleLE(),
  bytes: (input) => input.take(input.index()),
  string: (input) => input.text(),
};

/**
 * Makes the reader of a schema (Avro 1.12), of values as they were written: there is no other reader's schema, so defaults,
 * aliases and the order of fields play no part.
 *
 * Values are those that a converter writes to JSON: a union is its value alone, bytes are base64, logical types are what they
 * mean ({@link logicalType}). Every integer keeps its digits; a float or double that is none is no amount.
 *
 * @param references schemas whose types it names, each after those that it names itself.
 * @throws Error where it is no Avro schema.
 */
export function compileAvroSchema(schema: unknown, references: readonly unknown[] = []): AvroReader {
  const names: Names = new Map();
  for (const reference of references) compile(reference, '', names);
  return compile(schema, '', names);
}

/** @param namespace of the types that are named without one. */
function compile(schema: unknown, namespace: string, names: Names): AvroReader {
  if (typeof schema === 'string') return referTo(schema, namespace, names);
  if (Array.isArray(schema)) return union(schema.map((branch) => compile(branch, namespace, names)));
  if (!isObject(schema)) throw new Error('a schema is a name, a list or an object');
  const { type } = schema;
  switch (type) {
    case 'record':
    case 'error':
    case 'enum':
    case 'fixed':
      return named(schema, namespace, names);
    case 'array':
      return array(compile(schema['items'], namespace, names));
    case 'map':
      return map(compile(schema['values'], namespace, names));
  }
  if (typeof type !== 'string' || !Object.hasOwn(PRIMITIVES, type)) return compile(type, namespace, names);
  return asJson(PRIMITIVES[type]!, logicalType(schema));
}

function referTo(name: string, namespace: string, names: Names): AvroReader {
  if (Object.hasOwn(PRIMITIVES, name)) return asJson(PRIMITIVES[name]!, undefined);
  const found = names.get(fullName(name, namespace)) ?? names.get(name);
  if (found === undefined) throw new Error('a schema names a type that it does not define');
  return found;
}

function fullName(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
}

function named(schema: JsonObject, outer: string, names: Names): AvroReader {
  const { name } = schema;
  const namespace = schema['namespace'] ?? outer;
  if (typeof name !== 'string' || typeof namespace !== 'string') throw new Error('a type has no name');
  const full = fullName(name, namespace);
  let read: AvroReader | undefined;
  // A record may hold itself.
  names.set(full, (input) => input.inner(read!));
  const inner = full.includes('.') ? full.slice(0, full.lastIndexOf('.')) : '';
  if (schema['type'] === 'enum') read = enumeration(schema['symbols']);
  else if (schema['type'] === 'fixed') read = fixed(schema);
  else read = record(schema['fields'], inner, names);
  return names.get(full)!;
}

function record(fields: unknown, namespace: string, names: Names): AvroReader {
  if (!Array.isArray(fields)) throw new Error('a record has no fields');
  const members = fields.map((field): readonly [string, AvroReader] => {
    if (!isObject(field) || typeof field['name'] !== 'string') throw new Error('a field has no name');
    return [field['name'], compile(field['type'], namespace, names)];
  });
  return (input) => {
    const value: Record<string, unknown> = {};
    for (const [name, read] of members) setMember(value, name, read(input));
    return value;
  };
}

function enumeration(symbols: unknown): AvroReader {
  if (!Array.isArray(symbols)) throw new Error('an enum has no symbols');
  return (input) => {
    const symbol: unknown = symbols[input.index()];
    if (symbol === undefined) throw new MalformedAvro('it has a symbol that its schema does not know');
    return symbol;
  };
}

function fixed(schema: JsonObject): AvroReader {
  const { size } = schema;
  if (!Number.isSafeInteger(size) || (size as number) < 0) throw new Error('a fixed type has no size');
  return asJson((input) => input.take(size as number), logicalType(schema));
}

function union(branches: readonly AvroReader[]): AvroReader {
  return (input) => {
    const read = branches[input.index()];
    if (read === undefined) throw new MalformedAvro('it has a branch that its schema does not know');
    return read(input);
  };
}

function array(item: AvroReader): AvroReader {
  return (input) =>
    input.inner(() => {
      const values: unknown[] = [];
      for (let count = input.count(); count > 0; count = input.count()) {
        for (; count > 0; count--) values.push(input.inner(item));
      }
      return values;
    });
}

function map(item: AvroReader): AvroReader {
  return (input) =>
    input.inner(() => {
      const value: Record<string, unknown> = {};
      for (let count = input.count(); count > 0; count = input.count()) {
        for (; count > 0; count--) setMember(value, input.text(), input.inner(item));
      }
      return value;
    });
}

/** No profile can name the member that every object has. */
function setMember(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') object[name] = value;
}

function asJson(read: AvroReader, convert: ((value: unknown) => unknown) | undefined): AvroReader {
  return convert === undefined ? (input) => jsonOf(read(input)) : (input) => convert(read(input));
}

/** What JSON has no value for is the text that a converter makes of it. */
function jsonOf(value: unknown): unknown {
  if (typeof value === 'bigint') return new NumberText(String(value));
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return new FloatingPoint(value);
  return Buffer.isBuffer(value) ? value.toString('base64') : value;
}
