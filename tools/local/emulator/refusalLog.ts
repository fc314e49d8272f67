/** A client that is refused comes again, several times a second: the same text is told again after this time only. */
const TOLD_FOR_MS = 10_000;
const MOST_TEXTS = 1_000;
/** Names in it are the client's, and as long as it likes. */
const MOST_CHARACTERS = 1_000;

/** Writes into the emulator's log why something was refused. */
export type Refused = (text: string) => void;

/** A log of refusals, shared by all connections, that nobody can flood by being refused again and again. */
export function createRefusalLog(): Refused {
  const told = new Map<string, number>();
  return (whole) => {
    const text = whole.slice(0, MOST_CHARACTERS);
    const now = performance.now();
    if (now - (told.get(text) ?? Number.NEGATIVE_INFINITY) < TOLD_FOR_MS) return;
    if (told.size >= MOST_TEXTS) told.clear();
    told.set(text, now);
    console.warn(text);
  };
}
