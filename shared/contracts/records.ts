import type { LogicalTopic } from './fields.ts';
import type { Microseconds } from './timestamp.ts';
import type { Money } from './values.ts';

/** What every record carries besides its content. */
export interface Revision {
  readonly updatedAt: Microseconds | null;
  readonly version: bigint | null;
  readonly occurredAt: Microseconds | null;
  readonly schemaVersion: string | null;
}

/** One entry of the transaction ledger. */
export interface LedgerEntry extends Revision {
  readonly txId: string;
  readonly walletId: string;
  readonly entryType: string;
  readonly amount: Money;
  readonly amountSigned: Money | null;
  readonly relatedId: string | null;
  readonly relatedType: string | null;
  readonly eventTime: Microseconds;
  readonly createdAt: Microseconds;
}

export interface PaymentOrder extends Revision {
  readonly orderId: string;
  readonly userId: string | null;
  readonly merchantName: string | null;
  readonly amount: Money;
  readonly status: string;
  readonly createdAt: Microseconds;
}

/** A payment whose two entries the upstream service has paired itself. */
export interface PairConfirmation extends Revision {
  readonly paymentOrderId: string;
  readonly paymentTxId: string;
  readonly receiveTxId: string;
  readonly payerWalletId: string;
  readonly payeeWalletId: string;
  readonly amount: Money;
  readonly status: string | null;
}

export interface RecordTypes {
  readonly ledger: LedgerEntry;
  readonly payment_order: PaymentOrder;
  readonly pair: PairConfirmation;
}

export type RecordOf<T extends LogicalTopic> = RecordTypes[T];

/** The primary key of each topic's records. */
export const KEY_OF: { readonly [T in LogicalTopic]: (record: RecordOf<T>) => string } = {
  ledger: (record) => record.txId,
  payment_order: (record) => record.orderId,
  pair: (record) => record.paymentOrderId,
};

/** When the business event happened: what a topic's freshness is measured by (SPEC 9). */
export const BUSINESS_TIME: { readonly [T in LogicalTopic]: (record: RecordOf<T>) => Microseconds | null } = {
  ledger: (record: LedgerEntry) => record.eventTime,
  payment_order: (record: PaymentOrder) => record.updatedAt ?? record.createdAt,
  pair: (record: PairConfirmation) => record.updatedAt,
};

/** Values of a payload's fields that passed every rule, by field name; `null` where the payload has none. */
export type FieldValues = Readonly<Record<string, unknown>>;

/** Builds the record of one logical topic from values that {@link FIELDS} has typed: the casts repeat its kinds. */
export const BUILD_RECORD: { readonly [T in LogicalTopic]: (values: FieldValues) => RecordOf<T> } = {
  ledger: (values) => {
    const eventTime = (values['event_time'] ?? values['source_created_at']) as Microseconds;
    return {
      txId: values['tx_id'] as string,
      walletId: values['wallet_id'] as string,
      entryType: values['entry_type'] as string,
      amount: values['amount'] as Money,
      amountSigned: values['amount_signed'] as Money | null,
      relatedId: values['related_id'] as string | null,
      relatedType: values['related_type'] as string | null,
      eventTime,
      createdAt: (values['source_created_at'] ?? eventTime) as Microseconds,
      updatedAt: values['updated_at'] as Microseconds | null,
      version: values['version'] as bigint | null,
      occurredAt: values['occurred_at'] as Microseconds | null,
      schemaVersion: values['schema_version'] as string | null,
    };
  },
  payment_order: (values) => ({
    orderId: values['order_id'] as string,
    userId: values['user_id'] as string | null,
    merchantName: values['merchant_name'] as string | null,
    amount: values['amount'] as Money,
    status: values['status'] as string,
    createdAt: values['created_at'] as Microseconds,
    updatedAt: values['updated_at'] as Microseconds | null,
    version: values['version'] as bigint | null,
    occurredAt: values['occurred_at'] as Microseconds | null,
    schemaVersion: values['schema_version'] as string | null,
  }),
  pair: (values) => ({
    paymentOrderId: values['payment_order_id'] as string,
    paymentTxId: values['payment_tx_id'] as string,
    receiveTxId: values['receive_tx_id'] as string,
    payerWalletId: values['payer_wallet_id'] as string,
    payeeWalletId: values['payee_wallet_id'] as string,
    amount: values['amount'] as Money,
    status: values['status'] as string | null,
    updatedAt: values['updated_at'] as Microseconds | null,
    version: values['version'] as bigint | null,
    occurredAt: values['occurred_at'] as Microseconds | null,
    schemaVersion: values['schema_version'] as string | null,
  }),
};
