import type pg from 'pg';
import type { RecordTopic } from '../../../shared/contracts/fields.ts';
import type { BrokerEvent } from '../../../shared/ingest/brokerEvent.ts';
import type { HubReader } from '../../../shared/replay/hubReader.ts';
import type { OperatorSettings } from '../../../shared/settings/settings.ts';
import type { SyntheticEvent } from '../../proof/synthetic/payments.ts';
import type { Publisher } from '../../proof/synthetic/publish.ts';

/** Hosts, with ports where they are named, and the name of the database. */
export interface TestedEnvironment {
  readonly event_hubs: string;
  readonly database: string;
}

export interface E2eContext {
  readonly settings: OperatorSettings;
  readonly database: pg.Pool;
  readonly hub: HubReader;
  readonly publisher: Publisher;
  /** `e2e-` and 8 to 32 digits and lower-case letters: part of every key and correlation id. */
  readonly run: string;
  readonly seed: number;
  /** Of each scenario. */
  readonly events: number;
  readonly timeoutMs: number;
  /** Limits of what is accepted. */
  readonly maxVisibleMs: number;
  readonly maxLag: number;
  /** Rows stay, to be looked at. */
  readonly keep: boolean;
  readonly environment: TestedEnvironment;
  /** For the audit log. */
  readonly actor: string;
  readonly say: (text: string) => void;
  readonly stopped: AbortSignal;
}

/** An event of the run where it lies in the hub. */
export interface Logged extends BrokerEvent {
  readonly logicalTopic: RecordTopic;
  readonly published: SyntheticEvent;
}

/** The payment that an entry is of, by its key. */
export function paymentOf(ledgerKey: string): string {
  return ledgerKey.replace(/^tx-[^-]+-/, '');
}
