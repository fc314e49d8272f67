import { setTimeout as delay } from 'node:timers/promises';

/** Asks until the condition holds. */
export async function until(
  what: string,
  withinMs: number,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`It did not happen within ${withinMs / 1000} s: ${what}`);
    await delay(100);
  }
}
