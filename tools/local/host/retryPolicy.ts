import type { Duration, RetryOptions } from './coreTypes.ts';

/** When a failed invocation is tried again. */
export interface RetryPolicy {
  /** −1: for ever. */
  maxRetryCount: number;
  /** The wait before retry number `retry` (from 1), milliseconds. */
  delayMs(retry: number): number;
}

// Hosts that failed together must not come back together.
const JITTER = 0.2;

/** Reads a function's retry options; throws, as the real host does, when an interval is missing. */
export function readRetryPolicy(
  functionName: string,
  options: RetryOptions | undefined,
): RetryPolicy | undefined {
  if (!options) return undefined;
  const { retryStrategy, maxRetryCount, delayInterval, minimumInterval, maximumInterval } = options;
  const interval = (name: string, duration: Duration | undefined) => {
    if (!duration) throw new Error(`Function ${functionName}: retry ${retryStrategy} needs ${name}.`);
    return duration.seconds * 1000;
  };
  if (!Number.isInteger(maxRetryCount) || maxRetryCount < -1) {
    throw new Error(`Function ${functionName}: retry.maxRetryCount must be a count, or -1 for ever.`);
  }
  if (retryStrategy === 'fixedDelay') {
    const delay = interval('delayInterval', delayInterval);
    return { maxRetryCount, delayMs: () => delay };
  }
  if (retryStrategy !== 'exponentialBackoff') {
    throw new Error(`Function ${functionName}: retry strategy ${JSON.stringify(retryStrategy)} is unknown.`);
  }
  const minimum = interval('minimumInterval', minimumInterval);
  const maximum = interval('maximumInterval', maximumInterval);
  return {
    maxRetryCount,
    delayMs: (retry) => {
      const jitter = 1 + JITTER * (2 * Math.random() - 1);
      return Math.min(maximum, minimum * 2 ** (retry - 1) * jitter);
    },
  };
}
