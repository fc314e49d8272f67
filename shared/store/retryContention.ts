import { failureKind } from './sqlstates.ts';

/** How often a transaction is sent again at once when another one was in its way. */
const ATTEMPTS = 10;

/** Runs a transaction that is one statement; again where a deadlock or contended keys ended it. */
export async function retryContention<V>(transaction: () => Promise<V>): Promise<V> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await transaction();
    } catch (error) {
      if (attempt === ATTEMPTS || failureKind(error) !== 'contention') throw error;
    }
  }
}
