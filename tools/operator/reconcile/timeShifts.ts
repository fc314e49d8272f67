import { type DumpTopic, STORED_FIELDS } from '../../../shared/contracts/fields.ts';
import type { RecordOf } from '../../../shared/contracts/records.ts';

const QUARTER = 15 * 60_000_000;
/** Offsets of zones from UTC, in quarters of an hour, go from -12 to +14 hours. */
const FARTHEST = 14 * 4;
/** So many times that are equally far away are no accident. */
const LEAST = 3;
const SHARE = 0.8;

/** A field whose times in the dump are always as far from those here. */
export interface TimeShift {
  readonly field: string;
  /** As `+9:00`: the dump is so much later. */
  readonly offset: string;
  readonly rows: number;
  readonly compared: number;
}

/**
 * Whether times of a dump are off by a zone: a local time that says that it is UTC is as far from the stored one in every row.
 * One row alone shows nothing, and is a difference like any other.
 */
export class TimeShifts<T extends DumpTopic> {
  readonly #fields: readonly { readonly name: string; readonly member: keyof RecordOf<T> }[];
  readonly #compared = new Map<string, number>();
  readonly #quarters = new Map<string, Map<number, number>>();

  constructor(topic: T) {
    this.#fields = STORED_FIELDS[topic]
      .filter(({ kind }) => kind === 'timestamp')
      .map(({ name, member }) => ({ name, member: member as keyof RecordOf<T> }));
  }

  add(dumped: RecordOf<T>, here: RecordOf<T>): void {
    for (const { name, member } of this.#fields) {
      const [there, stored] = [dumped[member] as number | null, here[member] as number | null];
      if (there === null || stored === null) continue;
      this.#compared.set(name, (this.#compared.get(name) ?? 0) + 1);
      const quarters = (there - stored) / QUARTER;
      if (quarters === 0 || !Number.isInteger(quarters) || Math.abs(quarters) > FARTHEST) continue;
      const counts = this.#quarters.get(name) ?? new Map<number, number>();
      this.#quarters.set(name, counts.set(quarters, (counts.get(quarters) ?? 0) + 1));
    }
  }

  found(): TimeShift[] {
    return [...this.#quarters].flatMap(([field, counts]) => {
      const compared = this.#compared.get(field)!;
      const [quarters, rows] = [...counts].reduce((most, next) => (next[1] > most[1] ? next : most));
      if (rows < LEAST || rows < SHARE * compared) return [];
      return [{ field, offset: offsetText(quarters), rows, compared }];
    });
  }
}

function offsetText(quarters: number): string {
  const minutes = Math.abs(quarters) * 15;
  const clock = `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`;
  return `${quarters < 0 ? '-' : '+'}${clock}`;
}
