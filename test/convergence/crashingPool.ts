import { Socket } from 'node:net';
import type pg from 'pg';
import { openDatabase } from '../../shared/store/database.ts';
import type { Crash } from './history.ts';

type Written = (error?: Error | null) => void;

/** A socket that can be cut at a chosen message. */
class CutSocket extends Socket {
  #cut: number | 'answer' | undefined;

  constructor() {
    super();
    // Not an override: `connect` puts Node's own method in its place.
    this.once('connect', () => {
      this.write = this.#writeOrCut;
    });
  }

  /** Cuts instead of the nth message that is sent from now on, or when the next bytes arrive. */
  cutAt(place: number | 'answer' | undefined): void {
    this.#cut = place;
  }

  // The driver would send its messages in one piece.
  override cork(): void {}
  override uncork(): void {}

  readonly #writeOrCut: Socket['write'] = (
    bytes: string | Uint8Array,
    encoding?: BufferEncoding | Written,
    written?: Written,
  ): boolean => {
    if (typeof this.#cut === 'number' && --this.#cut === 0) {
      this.destroy();
      return false;
    }
    return super.write(bytes, encoding as BufferEncoding, written);
  };

  override push(bytes: unknown, encoding?: BufferEncoding): boolean {
    if (this.#cut === 'answer') {
      this.#cut = undefined;
      this.destroy();
      return false;
    }
    return super.push(bytes, encoding);
  }
}

/** Statement triggers of every table that a batch writes: they end the server's process where `test.steps` says so. */
export const CRASH_TRIGGERS = `
  CREATE FUNCTION crash_at_step() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    left_over integer := current_setting('test.steps')::integer - 1;
  BEGIN
    PERFORM set_config('test.steps', left_over::text, false);
    IF left_over = 0 THEN
      PERFORM pg_terminate_backend(pg_backend_pid());
    END IF;
    RETURN NULL;
  END $$;
  DO $$
  DECLARE
    written text;
    moment text;
  BEGIN
    FOREACH written IN ARRAY ARRAY['bo.ledger_entries', 'bo.payment_orders', 'bo.payment_ledger_pairs',
      'bo.consumer_dlq_events', 'sync.pair_confirmations', 'sync.partitions', 'sync.closed_epochs',
      'sync.hourly_counters', 'sync.hourly_dead_letters', 'sync.settlement_changes'] LOOP
      FOREACH moment IN ARRAY ARRAY['BEFORE', 'AFTER'] LOOP
        EXECUTE format('CREATE TRIGGER crash_%s %s INSERT OR UPDATE OR DELETE ON %s FOR EACH STATEMENT
          WHEN (current_setting(''test.steps'', true) <> '''') EXECUTE FUNCTION crash_at_step()',
          moment, moment, written);
      END LOOP;
    END LOOP;
  END $$`;

/** A pool of one connection that can be made to crash. */
export class CrashingPool {
  readonly pool: pg.Pool;
  #socket: CutSocket | undefined;

  constructor(url: string) {
    this.pool = openDatabase({
      connection: {
        connectionString: url,
        stream: () => {
          this.#socket = new CutSocket();
          return this.#socket;
        },
      },
      poolSize: 1,
      onIdleError: () => {},
    });
  }

  /** Runs something that is to crash. Afterwards the connection is a good one. */
  async crashing<V>(crash: Crash, work: () => Promise<V>): Promise<V> {
    const steps = (count: string) => this.pool.query("SELECT set_config('test.steps', $1, false)", [count]);
    // Also makes the connection, if there is none.
    await steps(crash.kind === 'statement' ? String(crash.at) : '');
    const socket = this.#socket!;
    if (crash.kind !== 'statement') socket.cutAt(crash.kind === 'message' ? crash.at : 'answer');
    try {
      return await work();
    } finally {
      socket.cutAt(undefined);
      await steps('');
    }
  }
}
