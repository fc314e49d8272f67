import type { Made, Scene } from './incident.ts';
import { INCIDENTS } from './incidents.ts';

/** Events that are stored before an incident is made: it happens to a sync that worked. */
const STORED_BEFORE = 300;

/** One incident: made once the sync works, watched until it is over, taken back at the end. */
export class Drill {
  readonly #name: string;
  readonly #scene: Scene;
  readonly #say: (line: string) => void;
  #made: Made | undefined;
  #madeAt = 0;
  #isOver = false;

  constructor(name: string, scene: Scene, say: (line: string) => void) {
    this.#name = name;
    this.#scene = scene;
    this.#say = say;
  }

  /** @param stored events since this start. */
  async step(stored: number): Promise<void> {
    if (this.#made === undefined) {
      if (stored < STORED_BEFORE) return;
      const { meaning, runbook, make } = INCIDENTS[this.#name]!;
      this.#made = await make(this.#scene);
      this.#madeAt = Date.now();
      this.#say(`Incident ${this.#name}: ${meaning}\nIts runbook: ${runbook}`);
    } else if (!this.#isOver && (await this.#made.isOver())) {
      this.#isOver = true;
      this.#say(`Incident ${this.#name} is over, after ${Math.round((Date.now() - this.#madeAt) / 1000)} s.`);
    }
  }

  async end(): Promise<void> {
    await this.#made?.undo();
  }
}
