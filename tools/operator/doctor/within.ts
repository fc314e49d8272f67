import { ANSWERS_WITHIN_MS } from '../../target/target.ts';

/** `undefined` where it takes longer than somebody waits. */
export async function within<V>(work: Promise<V>): Promise<V | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), ANSWERS_WITHIN_MS);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
