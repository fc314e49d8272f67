import type { DumpTopic } from '../../../shared/contracts/fields.ts';
import type { Microseconds } from '../../../shared/contracts/timestamp.ts';
import type { Positioned } from '../../../shared/precedence/precedence.ts';
import { CREATED_AT } from '../dump/dumpRecords.ts';

/** From when to when the rows were created that are loaded, both included: what was counted of these times may have changed. */
export class CreatedRange {
  from: Microseconds = Infinity;
  to: Microseconds = -Infinity;

  add<T extends DumpTopic>(topic: T, rows: readonly Positioned<T>[]): void {
    for (const { record } of rows) {
      const at = CREATED_AT[topic](record);
      this.extend(at, at);
    }
  }

  extend(from: Microseconds, to: Microseconds): void {
    this.from = Math.min(this.from, from);
    this.to = Math.max(this.to, to);
  }
}
