/** How much longer a result lasts than it took: whoever asks again and again keeps nothing busy. */
const LASTS_TIMES = 20;
const LEAST_MS = 2000;
const MOST_MS = 10_000;

/** A function whose result is given again for a while; for longer, the longer it took. */
export function lasting<A, R>(compute: (argument: A) => Promise<R>): (argument: A) => Promise<R> {
  let known: { readonly result: Promise<R>; until: number } | undefined;
  return (argument) => {
    if (known !== undefined && performance.now() < known.until) return known.result;
    const startedAt = performance.now();
    const entry = { result: compute(argument), until: Infinity };
    known = entry;
    const last = () => {
      const now = performance.now();
      entry.until = now + Math.min(MOST_MS, Math.max(LEAST_MS, LASTS_TIMES * (now - startedAt)));
    };
    entry.result.then(last, () => {
      entry.until = 0;
    });
    return entry.result;
  };
}
