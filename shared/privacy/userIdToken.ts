import { createHmac } from 'node:crypto';
import type { Key } from './keyRing.ts';

/** What a user id is stored as (SPEC 10): the same for the same id and key, and no way back without the key. */
export function userIdToken({ number, key }: Key, userId: string): string {
  return `v${number}.${createHmac('sha256', key).update(userId, 'utf8').digest('base64url')}`;
}

/** The number of the key that a token was made with; `undefined` for anything else. */
export function keyNumberOf(stored: string): number | undefined {
  const number = /^v([1-9]\d{0,5})\.[\w-]{43}$/.exec(stored)?.[1];
  return number === undefined ? undefined : Number(number);
}
