import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { BrokerPosition } from '../precedence/precedence.ts';
import type { Key, KeyRing } from './keyRing.ts';

/** Where a dead letter came from. Part of what is authenticated: a sealed payload opens in its own row only. */
export interface Origin extends BrokerPosition {
  /** The hub's name. */
  readonly topic: string;
}

/** No JSON begins like this. */
const MARK = Buffer.from('\0BOSEAL1', 'latin1');
const NONCE = 12;
const TAG = 16;
const HEADER = MARK.length + 4 + NONCE;

/** AES-256-GCM: mark, number of the key (4 bytes), nonce, ciphertext, tag. */
export function seal({ number, key }: Key, payload: Buffer, origin: Origin): Buffer {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(originBytes(origin));
  const keyNumber = Buffer.alloc(4);
  keyNumber.writeUInt32BE(number);
  return Buffer.concat([MARK, keyNumber, nonce, cipher.update(payload), cipher.final(), cipher.getAuthTag()]);
}

export function isSealed(stored: Buffer): boolean {
  return stored.length >= HEADER + TAG && stored.subarray(0, MARK.length).equals(MARK);
}

/**
 * The payload that was sealed. Bytes that only look sealed are returned as they are: an event may hold any bytes, and
 * none but those that the key has sealed for this row pass.
 */
export function unseal(ring: KeyRing, stored: Buffer, origin: Origin): Buffer {
  const number = stored.readUInt32BE(MARK.length);
  const key = ring.version(number);
  if (key === undefined) return stored;
  const decipher = createDecipheriv('aes-256-gcm', key, stored.subarray(MARK.length + 4, HEADER))
    .setAAD(originBytes(origin))
    .setAuthTag(stored.subarray(-TAG));
  try {
    return Buffer.concat([decipher.update(stored.subarray(HEADER, -TAG)), decipher.final()]);
  } catch {
    return stored;
  }
}

function originBytes({ topic, partition, sequenceNumber, enqueuedAt }: Origin): Buffer {
  return Buffer.from(JSON.stringify([topic, partition, sequenceNumber, enqueuedAt]), 'utf8');
}
