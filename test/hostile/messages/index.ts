import type { HostileMessage } from '../message.ts';
import { BODIES } from './bodies.ts';
import { MEMBERS } from './members.ts';
import { MONEY } from './money.ts';
import { TEXT } from './texts.ts';
import { TIMESTAMPS } from './times.ts';
import { VERSION } from './versions.ts';

/** Malformed and borderline messages with what SPEC 2 makes of each. */
export const HOSTILE_MESSAGES: readonly HostileMessage[] = [
  ...BODIES,
  ...MEMBERS,
  ...MONEY,
  ...TEXT,
  ...TIMESTAMPS,
  ...VERSION,
];
