import type pg from 'pg';

type Connected = Parameters<Parameters<pg.Pool['connect']>[0]>;

/** Tells how many seconds each user of a pool waits for its connection, or for the refusal of one. */
export function measureCheckouts(pool: pg.Pool, take: (seconds: number) => void): void {
  const connect = pool.connect.bind(pool);
  const begin = () => {
    const startedAt = performance.now();
    return () => take((performance.now() - startedAt) / 1000);
  };
  const measured = (callback?: (...connected: Connected) => void) => {
    const end = begin();
    if (callback === undefined) return connect().finally(end);
    return connect((...connected) => {
      end();
      callback(...connected);
    });
  };
  // Overloaded: a function that serves both forms has no type of its own.
  pool.connect = measured as typeof pool.connect;
}
