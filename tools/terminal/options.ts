import { randomInt } from 'node:crypto';
import { InvalidArgumentError, Option } from 'commander';

/** Readers of option values; what they throw is shown beside the option's name. */

export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    if (!/^\d{1,15}$/.test(text) || Number(text) < least) {
      throw new InvalidArgumentError(`It must be a whole number from ${least}.`);
    }
    return Number(text);
  };
}

/** A comma between each. */
export function wholeNumbers(text: string): number[] {
  return text.split(',').map((part) => wholeNumber(0)(part.trim()));
}

/** A time with its zone; without one, a machine's own zone would decide. Returns it in UTC. */
export function time(text: string): string {
  if (
    !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(text) ||
    !Date.parse(text)
  ) {
    throw new InvalidArgumentError('It must be a time with its zone, such as 2026-11-22T10:00:00Z.');
  }
  // JavaScript takes February 31 for March 3.
  const [year, month, day] = text.split(/[-T]/, 3).map(Number) as [number, number, number];
  if (new Date(Date.UTC(year, month - 1, day)).getUTCDate() !== day) {
    throw new InvalidArgumentError('There is no such day.');
  }
  return new Date(text).toISOString();
}

/** Of the synthetic payments. */
export function seedOption(): Option {
  const meaning = 'the same seed, the same payments (default: a random one, printed)';
  return new Option('--seed <n>', meaning).argParser(wholeNumber(0)).default(randomInt(2 ** 31));
}
