import { parseJson } from './decode.ts';
import { isObject } from './json.ts';
import { readIdentifier } from './values.ts';

/**
 * Whether the broker's key is a record's id (SPEC 2, 2.4): as text, or as a converter of Kafka Connect writes a key in JSON, which
 * is a text, an integer, or an object with one member that is the id; each also inside `schema` and `payload`.
 */
export function isKeyOf(key: string, id: string): boolean {
  if (key === id) return true;
  // Neither begins an integer, whose text is the key itself.
  if (!key.startsWith('{') && !key.startsWith('"')) return false;
  const value = parseJson(key);
  const isWrapped = isObject(value) && Object.keys(value).sort().join() === 'payload,schema';
  const inner = isWrapped ? value['payload'] : value;
  const members = isObject(inner) ? Object.values(inner) : [inner];
  return members.length === 1 && readIdentifier(members[0]) === id;
}
