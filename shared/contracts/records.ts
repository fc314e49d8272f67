import type { LogicalTopic } from './fields.ts';
import type { Microseconds } from './timestamp.ts';
import type { Money } from './values.ts';

/** What every record carries besides its content. */
interface Revision {
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

/** Values of a payload's fields that passed every rule, by field name. */
export type FieldValues = ReadonlyMap<string, unknown>;

/** Builds the record of one logical topic from values that {@link FIELDS} has typed: the casts repeat its kinds. */
export const BUILD_RECORD: { readonly [T in LogicalTopic]: (values: FieldValues) => RecordOf<T> } = {
  ledger: (values) => {
    const eventTime = (values.get('event_time') ?? values.get('source_created_at')) as Microseconds;
    return {
      txId: values.get('tx_id') as string,
      walletId: values.get('wallet_id') as string,
      entryType: values.get('entry_type') as string,
      amount: values.get('amount') as Money,
      amountSigned: (values.get('amount_signed') as Money | undefined) ?? null,
      relatedId: (values.get('related_id') as string | undefined) ?? null,
      relatedType: (values.get('related_type') as string | undefined) ?? null,
      eventTime,
      createdAt: (values.get('source_created_at') as Microseconds | undefined) ?? eventTime,
      ...revision(values),
    };
  },
  payment_order: (values) => ({
    orderId: values.get('order_id') as string,
    userId: (values.get('user_id') as string | undefined) ?? null,
    merchantName: (values.get('merchant_name') as string | undefined) ?? null,
    amount: values.get('amount') as Money,
    status: values.get('status') as string,
    createdAt: values.get('created_at') as Microseconds,
    ...revision(values),
  }),
  pair: (values) => ({
    paymentOrderId: values.get('payment_order_id') as string,
    paymentTxId: values.get('payment_tx_id') as string,
    receiveTxId: values.get('receive_tx_id') as string,
    payerWalletId: values.get('payer_wallet_id') as string,
    payeeWalletId: values.get('payee_wallet_id') as string,
    amount: values.get('amount') as Money,
    status: (values.get('status') as string | undefined) ?? null,
    ...revision(values),
  }),
};

function revision(values: FieldValues): Revision {
  return {
    updatedAt: (values.get('updated_at') as Microseconds | undefined) ?? null,
    version: (values.get('version') as bigint | undefined) ?? null,
    occurredAt: (values.get('occurred_at') as Microseconds | undefined) ?? null,
    schemaVersion: (values.get('schema_version') as string | undefined) ?? null,
  };
}
