import logUpdate from 'log-update';
import { type Progress, sum } from '../proof/progress.ts';

export interface Status {
  readonly published: number;
  readonly progress: Progress;
  /** Events in the hubs that are not processed yet. */
  readonly lag: number;
  readonly hosts: number;
  /** Names of those that are raised. */
  readonly alerts: readonly string[];
}

/** In a terminal, a few lines that change in place; elsewhere (CI, a file), a line every few seconds. */
export class StatusView {
  readonly #inPlace = process.stdout.isTTY === true;
  #lastLine = 0;

  show(status: Status): void {
    if (this.#inPlace) logUpdate(statusLines(status).join('\n'));
    else if (Date.now() - this.#lastLine >= 5000) {
      this.#lastLine = Date.now();
      console.log(statusLines(status).join(' | '));
    }
  }

  /** A message between two states. */
  say(line: string): void {
    if (this.#inPlace) logUpdate.clear();
    console.log(line);
  }

  end(): void {
    if (this.#inPlace) logUpdate.done();
  }
}

function statusLines({ published, progress, lag, hosts, alerts }: Status): string[] {
  const outcomes: Record<string, number> = {};
  for (const topic of Object.values(progress.outcomes)) {
    for (const [name, count] of Object.entries(topic)) outcomes[name] = (outcomes[name] ?? 0) + count;
  }
  const list = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ') || 'none';
  const freshness = Object.entries(progress.freshness).map(
    ([topic, seconds]) => `${topic} ${seconds.toFixed(1)} s`,
  );
  return [
    `published ${published}`,
    `consumed ${sum(outcomes)} by ${hosts} host(s), lag ${lag}`,
    `outcomes: ${list(outcomes)}`,
    `freshness: ${freshness.join(', ') || 'none yet'}`,
    `pairs: ${list(progress.pairs)}`,
    `alerts: ${[...new Set(alerts)].join(', ') || 'none'}`,
  ];
}
