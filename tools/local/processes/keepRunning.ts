import type { RestartableChild } from './childProcess.ts';

/** Ends within this time are counted: so many of them, and the child is given up. */
const WINDOW_MS = 60_000;
const MOST_ENDS = 3;

export interface Keeper {
  /** Resolves with how the child ended once it is given up. */
  readonly givenUp: Promise<string>;
  /** Ends the watch and the child. */
  stop(): Promise<void>;
}

/**
 * Starts a child again whenever it ends by itself, with whatever it has kept in its files. It is given up when it ends, or
 * cannot be started, three times in a minute.
 * @param onRestart is called with how it ended, before it is started again.
 */
export function keepRunning(child: RestartableChild, onRestart: (how: string) => void): Keeper {
  let stopping = false;
  let restarting: Promise<void> = Promise.resolve();
  const ends: number[] = [];
  const watch = async (): Promise<string> => {
    let how = await child.ended;
    for (;;) {
      if (stopping) return how;
      ends.push(performance.now());
      const earliest = ends.at(-MOST_ENDS);
      if (earliest !== undefined && performance.now() - earliest < WINDOW_MS) return how;
      onRestart(how);
      restarting = child.restart();
      how = await restarting.then(
        () => child.ended,
        (error: Error) => `could not be started again: ${error.message}`,
      );
    }
  };
  return {
    givenUp: watch(),
    async stop() {
      stopping = true;
      // What is being started now is stopped when it is there.
      await restarting.catch(() => {});
      await child.stop();
    },
  };
}
