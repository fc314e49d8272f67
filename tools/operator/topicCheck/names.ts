import type { FieldKind, RecordTopic } from '../../../shared/contracts/fields.ts';
import { FIELDS, type Field } from '../../../shared/contracts/fields.ts';

/** How sure it is that a member of this name is the field: the lower, the surer. */
export interface NameMatch {
  readonly field: string;
  readonly kind: FieldKind;
  readonly rank: number;
  /** The name is used for other things as well: somebody has to confirm it. */
  readonly weak: boolean;
}

const AMOUNT =
  'amt amountvalue amountamount moneyvalue moneyamount totalvalue txamount txamt trxamt txnamt tranamt ' +
  'transactionamount trxamount payamt payamount paymentamount grossamount totalamount totalamt ? total value';
const CREATED =
  'created createtime createdtime creationtime createddate createdts createts regdt regdtm regdttm insdtm insdttm ' +
  'credtm crtdtm registeredat insertedat';
const REVISION = {
  updated_at:
    'updated updatetime updatedtime modifiedat modified modifiedtime lastmodified lastmodifiedat lastupdated ' +
    'lastupdatedat lastupdatetime upddt upddtm upddttm updtdtm moddt moddtm chgdtm updatets updatedts lastchangedat',
  version:
    'sourceversion ver rowversion rowver revision rev recordversion entityversion lockversion ? sequence seq seqno',
  occurred_at: 'publishedat publishtime emittedat eventpublishedat sentat producedat pubdtm',
  schema_version: 'schemaver',
};
const ORDER_ID = 'ordid ordno orderno ordernumber paymentorderid payorderid payorderno orderuid orderkey';

/**
 * What fields are called elsewhere, without case and separators; in order of likelihood, after `?` only perhaps. The
 * names of nested members follow those of what they are in: `amount.value` is `amountvalue`.
 */
const OTHER_NAMES: Readonly<Record<RecordTopic, Readonly<Record<string, string>>>> = {
  ledger: {
    tx_id:
      'transactionid txnid trxid tranid entryid ledgerid ledgerentryid ledgertxid transactionno txno trxno tranno txnno ' +
      'entryno transactionnumber ? id',
    wallet_id:
      'walletno walletnumber walletkey walletuid wltid wltno walletaccountid ? wallet accountid accountno acctid acctno',
    entry_type:
      'entrykind entrytypecode entrytypecd txtype txntype transactiontype trxtype trxtypecd trntype ledgertype ? type kind',
    amount: `${AMOUNT} entryamount`,
    event_time:
      'eventat eventts eventtimestamp eventdatetime eventdtm txtime transactiontime transactedat transactiondatetime ' +
      'txdatetime txdtm txdttm trxdtm trxdttm trandtm processedat bookedat postedat ? timestamp ts time',
    source_created_at: `createdat ${CREATED}`,
    amount_signed: 'signedamount amtsigned signedamt',
    related_id: `orderid ${ORDER_ID} relatedorderid refid referenceid orderref ? paymentid`,
    related_type: 'relatedkind reftype referencetype',
    ...REVISION,
  },
  payment_order: {
    order_id: `${ORDER_ID} ? paymentid id`,
    amount: `orderamount ordamt orderamt ${AMOUNT} totalprice`,
    status: 'orderstatus orderstate statuscode statuscd ordstscd ordsts stscd paymentstatus ? state',
    created_at: `${CREATED} orderedat orderdatetime orddtm orddttm ordertime`,
    user_id:
      'userno usrid usrno customerid customerno custid custno memberid memberno mbrid mbrno buyerid ? payerid',
    merchant_name: 'merchantnm mchtname mchtnm mrchnm storename storenm sellername shopname ? merchant',
    ...REVISION,
  },
  pair: {
    payment_order_id: `orderid ${ORDER_ID} ? paymentid`,
    payment_tx_id: 'paymenttransactionid paytxid paytrxid payertxid paymententryid debittxid outtxid',
    receive_tx_id: 'receivetransactionid rcvtxid recvtxid receivertxid receiveentryid credittxid intxid',
    payer_wallet_id: 'senderwalletid fromwalletid sourcewalletid payerwallet payerwltid outwalletid',
    payee_wallet_id:
      'receiverwalletid towalletid targetwalletid destinationwalletid payeewallet payeewltid inwalletid',
    amount: AMOUNT,
    status: 'pairstatus statuscode ? state',
    ...REVISION,
  },
};

/** Whole numbers of a smaller unit: no profile can turn them into amounts. */
const MINOR_UNITS =
  /^(amount|amt|total|price)(in)?(minor|cents?|minorunits?|micros)$|^minor(amount|amt|units?)$/;
/** Members that hold the value of the field around them, by its type: Avro's JSON, DynamoDB, MongoDB, wrappers of Java. */
const TYPED_VALUE = new Set(
  (
    'string int long float double bytes boolean S N $oid $uuid $date $numberDecimal $numberLong $numberInt ' +
    '$numberDouble value'
  ).split(' '),
);
const CURRENCY = /^(currency|currencycode|currencycd|curcd|currcd|ccy|amountcurrency|moneycurrency)$/;
/** Marks of a record that is gone, as connectors and tables with soft deletes have them. */
const DELETION = /^(is)?(deleted|removed)(at|yn|flag|date|time)?$|^del(yn|flag|dt|dtm)$/;
/** Words for states that are past: never a place to read from. */
const FORMER = /^(before|old|previous|prev|original|former)$/;

/** A name without case and separators: `TX_ID`, `txId` and `tx-id` are one. */
export function bare(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}

export const isTypedValue = (name: string) => TYPED_VALUE.has(name);
export const isMinorUnits = (name: string) => MINOR_UNITS.test(bare(name));
export const isCurrency = (name: string) => CURRENCY.test(bare(name));
export const isDeletion = (name: string) => DELETION.test(bare(name));
/** By its words: `beforeImage`, `old_data` and `ROW-BEFORE` are former states, `threshold` is none. */
export const isFormerState = (name: string) =>
  name
    .replace(/(?<=[\p{Ll}\p{N}])(?=\p{Lu})/gu, ' ')
    .split(/[^\p{L}\p{N}]+/u)
    .some((word) => FORMER.test(word.toLowerCase()));

const MATCHES: Readonly<Record<RecordTopic, ReadonlyMap<string, NameMatch>>> = {
  ledger: matchesOf('ledger'),
  payment_order: matchesOf('payment_order'),
  pair: matchesOf('pair'),
};

function matchesOf(topic: RecordTopic): Map<string, NameMatch> {
  const matches = new Map<string, NameMatch>();
  const fields: readonly Field[] = FIELDS[topic];
  for (const { name: field, kind } of fields) {
    const [sure = '', perhaps = ''] = (OTHER_NAMES[topic][field] ?? '').split('?');
    const add = (name: string, rank: number, weak: boolean) => {
      const known = matches.get(name);
      if (known === undefined || rank < known.rank) matches.set(name, { field, kind, rank, weak });
    };
    add(bare(field), 0, false);
    for (const [index, name] of sure.trim().split(/\s+/).entries()) add(name, 1 + index, false);
    for (const [index, name] of perhaps.trim().split(/\s+/).entries()) add(name, 100 + index, true);
  }
  matches.delete('');
  return matches;
}

/** The field of a topic that a member of this name might be. */
export function matchName(topic: RecordTopic, bareName: string): NameMatch | undefined {
  return MATCHES[topic].get(bareName);
}
