import { createScanner } from 'jsonc-parser';

/** A payload as text in pieces, the members of the faulty field marked. */
export interface MarkedPayload {
  /** `hex`: it is no UTF-8. */
  readonly as: 'text' | 'hex';
  readonly pieces: readonly { readonly text: string; readonly isMarked: boolean }[];
  readonly bytes: number;
  /** Something is left out before or behind what is shown. */
  readonly isCut: boolean;
}

const SHOWN = 64 * 1024;
const SHOWN_AS_HEX = 2048;

/** @param names under which the faulty field may stand; none: nothing is marked. */
export function markedPayload(payload: Buffer, names: ReadonlySet<string>): MarkedPayload {
  const bytes = payload.length;
  const text = textOf(payload);
  if (text === undefined) {
    const shown = payload
      .subarray(0, SHOWN_AS_HEX)
      .toString('hex')
      .replace(/(..)(?=.)/g, '$1 ');
    return { as: 'hex', pieces: [{ text: shown, isMarked: false }], bytes, isCut: bytes > SHOWN_AS_HEX };
  }
  const members = membersOf(text, names);
  // The first faulty member is what somebody looks for.
  const from = text.length > SHOWN ? Math.max(0, (members[0]?.from ?? 0) - SHOWN / 2) : 0;
  const to = Math.min(text.length, from + SHOWN);
  const pieces: { text: string; isMarked: boolean }[] = [];
  let at = from;
  const add = (end: number, isMarked: boolean) => {
    if (end > at) pieces.push({ text: text.slice(at, end), isMarked });
    at = Math.max(at, end);
  };
  for (const member of members) {
    add(Math.min(member.from, to), false);
    add(Math.min(member.to, to), true);
  }
  add(to, false);
  return { as: 'text', pieces, bytes, isCut: from > 0 || to < text.length };
}

function textOf(payload: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
  } catch {
    return undefined;
  }
}

/** Where members of these names begin and end, value and all. By tokens: a payload may be broken, or as deep as it likes. */
function membersOf(text: string, names: ReadonlySet<string>): { from: number; to: number }[] {
  if (names.size === 0) return [];
  const scanner = createScanner(text, true);
  const members: { from: number; to: number }[] = [];
  let before = { from: 0, mark: '', name: '' };
  for (let mark = next(); mark !== undefined; mark = next()) {
    const isMember = mark === ':' && before.mark === '"' && names.has(before.name);
    if (isMember) members.push({ from: before.from, to: endOfValue() });
    before = { from: scanner.getTokenOffset(), mark, name: scanner.getTokenValue() };
  }
  return members;

  /** The next token, by its first character; `undefined` at the end. */
  function next(): string | undefined {
    scanner.scan();
    return text[scanner.getTokenOffset()];
  }

  function endOfValue(): number {
    let depth = 0;
    for (let mark = next(); mark !== undefined; mark = next()) {
      if (mark === '{' || mark === '[') depth++;
      if (mark === '}' || mark === ']') depth--;
      if (depth <= 0) return scanner.getTokenOffset() + scanner.getTokenLength();
    }
    return text.length;
  }
}
