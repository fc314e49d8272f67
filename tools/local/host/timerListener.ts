import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type BatchFunction, newTraceContext } from './batchRunner.ts';
import { invoke } from './invocation.ts';
import { sendReturned } from './queueOutput.ts';
import type { SingletonLock } from './singletonLock.ts';
import type { TimerTrigger } from './triggerSettings.ts';

/** Time that a running invocation gets when the host stops. */
const DRAIN_MS = 5_000;
const ONE_MINUTE_MS = 60_000;
const LONGEST_WAIT_MS = 24 * 60 * ONE_MINUTE_MS;

/** Runs a function by its schedule, on one host at a time, and never twice at once. */
export class TimerListener {
  readonly #function: Omit<BatchFunction, 'retry'>;
  readonly #trigger: TimerTrigger;
  readonly #lock: SingletonLock;
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;

  /** Starts to wait for the first time of the schedule. */
  constructor(runs: Omit<BatchFunction, 'retry'>, trigger: TimerTrigger, lock: SingletonLock) {
    this.#function = runs;
    this.#trigger = trigger;
    this.#lock = lock;
    this.#ended = this.#listen();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.race([this.#ended, delay(DRAIN_MS, undefined, { ref: false })]);
    await this.#lock.release();
  }

  async #listen(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const next = this.#trigger.schedule.nextRun();
      if (next === null) return;
      await this.#until(next);
      if (!signal.aborted && (await this.#lock.hold())) await this.#run(next);
    }
  }

  /** In steps: a timer of Node can't wait for a month. */
  async #until(time: Date): Promise<void> {
    const { signal } = this.#stopping;
    for (let left = 1; left > 0 && !signal.aborted; left = time.getTime() - Date.now()) {
      const wait = Math.min(time.getTime() - Date.now(), LONGEST_WAIT_MS);
      await delay(wait, undefined, { signal }).catch(() => undefined);
    }
  }

  async #run(due: Date): Promise<void> {
    const { app, registration, bindingName, log } = this.#function;
    const { name } = registration.metadata;
    const invocationId = randomUUID();
    const request = {
      invocationId,
      functionId: name,
      inputData: [{ name: bindingName, data: { json: JSON.stringify(this.#timer(due)) } }],
      triggerMetadata: {},
      traceContext: newTraceContext(),
    };
    const record = (level: 'information' | 'error', message: string) =>
      log(level, `Function.${name}`, message, invocationId);
    const result = await invoke(app, registration, request, log);
    if (!result.ok) return record('error', `Executed '${name}' (Failed): ${result.error.stack}`);
    try {
      const { returnTo } = this.#trigger;
      if (returnTo !== undefined) await sendReturned(returnTo, result.response.returnValue);
      record('information', `Executed '${name}' (Succeeded).`);
    } catch (error) {
      record('error', `Executed '${name}' (Failed): its output was not taken: ${(error as Error).message}`);
    }
  }

  /** A schedule more frequent than one a minute has no status, as in the real host. */
  #timer(due: Date): object {
    const next = this.#trigger.schedule.nextRun(due);
    const frequent = next !== null && next.getTime() - due.getTime() < ONE_MINUTE_MS;
    const time = (date: Date) => date.toISOString().replace('Z', '0000+00:00');
    const scheduleStatus =
      frequent || next === null ? null : { last: time(due), next: time(next), lastUpdated: time(due) };
    return { schedule: { adjustForDST: true }, scheduleStatus, isPastDue: false };
  }
}
