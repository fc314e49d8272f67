/** Events that the real host can't hand over, sent as their producers would: by AMQP, section by section. */
import type { TestContext } from 'vitest';
import {
  encodeBinarySection,
  encodeDescribed,
  encodeInt,
  encodeList,
  encodeMap,
  encodeMapSection,
  encodeString,
  encodeSymbol,
} from '../../tools/local/emulator/amqp/encode.ts';
import type { SyntheticEvent } from '../../tools/proof/synthetic/payments.ts';
import { FAULT_PROPERTY } from '../../tools/proof/synthetic/publish.ts';
import { AmqpClient } from '../emulator/amqpClient.ts';

export interface PoisonEvent {
  readonly form: string;
  readonly id: string;
  /** Its reason, where it becomes a dead letter. */
  readonly fault?: 'unreadable_body';
  /** The message, without its envelope. */
  readonly message: Buffer;
}

const VALUE = 0x77;
const SEQUENCE = 0x76;
const DATA = 0x75;

/** One of each kind. */
export function poisonEvents(prefix: string): PoisonEvent[] {
  const time = new Date().toISOString();
  const id = (form: string) => `${prefix}-${form.replaceAll(' ', '-')}`;
  const jsonOf = (form: string) =>
    `{"tx_id":"${id(form)}","wallet_id":"w","entry_type":"FEE","amount":1.10,"event_time":"${time}"}`;
  const text = (name: string, value: string) => [encodeString(name), encodeString(value)];
  const mapOf = (form: string) =>
    encodeMap([
      ...[...text('tx_id', id(form)), ...text('wallet_id', 'w'), ...text('entry_type', 'FEE')],
      ...[encodeString('amount'), encodeInt(12), ...text('event_time', time)],
    ]);
  const data = (form: string) => encodeBinarySection(DATA, Buffer.from(jsonOf(form)));
  const property = (value: Buffer) => encodeMapSection(0x74, 1, [encodeString('extra'), value]);
  const faulty = encodeMapSection(0x74, 1, text(FAULT_PROPERTY, 'unreadable_body'));
  const event = (form: string, ...sections: Buffer[]): PoisonEvent => ({
    ...{ form, id: id(form), message: Buffer.concat(sections) },
  });
  const lost = (form: string, ...sections: Buffer[]): PoisonEvent => ({
    ...event(form, faulty, ...sections),
    fault: 'unreadable_body',
  });
  return [
    event('value text', encodeDescribed(VALUE, encodeString(jsonOf('value text')))),
    event('value map', encodeDescribed(VALUE, mapOf('value map'))),
    lost('value number', encodeDescribed(VALUE, encodeInt(42))),
    lost('sequence', encodeDescribed(SEQUENCE, encodeList([encodeInt(1), encodeInt(2)]))),
    event('map property', property(encodeMap([encodeString('a'), encodeInt(1)])), data('map property')),
    event('list property', property(encodeList([encodeInt(1)])), data('list property')),
    event(
      'number as key',
      encodeMapSection(0x72, 1, [encodeSymbol('x-opt-partition-key'), encodeInt(7)]),
      data('number as key'),
    ),
  ];
}

/** What the bed counts of them. */
export function asPublished({ id, fault, message }: PoisonEvent): SyntheticEvent {
  return { topic: 'ledger', key: id, body: message, fault };
}

/** Sends each to a partition, in turn; resolves when the broker has them. */
export async function sendPoison(
  t: TestContext,
  port: number,
  hub: string,
  events: readonly PoisonEvent[],
  partitions: readonly number[],
): Promise<void> {
  const client = await AmqpClient.opened(t, port);
  await client.putToken();
  for (const partition of partitions) {
    await client.attach(partition, 'sender', { address: `${hub}/Partitions/${partition}` });
    await client.answerOf(0x13);
  }
  for (const [index, { message }] of events.entries()) {
    client.transfer(partitions[index % partitions.length]!, index + 1, message, { tag: String(index) });
    await client.answerOf(0x15);
  }
}
