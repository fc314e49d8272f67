import type { KnownSchemas } from '../../../shared/contracts/avro.ts';
import { decodeBody } from '../../../shared/contracts/decode.ts';
import { DELIVERY_FLAGS } from '../../../shared/contracts/deliveryFlags.ts';
import { type EnvelopeStep, envelopeText } from '../../../shared/contracts/envelope.ts';
import type { RecordTopic } from '../../../shared/contracts/fields.ts';
import { isObject, type JsonObject } from '../../../shared/contracts/json.ts';
import { present } from '../../../shared/contracts/normalise.ts';
import type { RejectionReason } from '../../../shared/contracts/rejection.ts';
import { type PreparationRules, type PreparedEvent, prepareEvent } from '../../../shared/ingest/prepare.ts';
import { formatOf } from './formats.ts';
import { bare, matchName } from './names.ts';
import type { Sample } from './sample.ts';

/** Why messages would be dead letters, with the shape of the first of them. */
export interface Failure {
  readonly reason: RejectionReason;
  /** Names the field and the rule, never a value. */
  readonly detail: string;
  readonly count: number;
  readonly example: { readonly at: string; readonly shape: Shape };
}

/** Members and what their values look like; what is no name but data is left out as well. */
export type Shape = string | { readonly [name: string]: Shape };

/** What becomes of the samples under one contract: the ingest itself says so. */
export class Tally<T extends RecordTopic> {
  readonly rules: PreparationRules<T>;
  readonly #schemas: KnownSchemas;
  /** Without those that the profile ignores. */
  received = 0;
  ignored = 0;
  accepted = 0;
  versionMissing = 0;
  aliasHit = 0;
  coreViolation = 0;
  keyMismatch = 0;
  relatedIdNull = 0;
  withUpdatedAt = 0;
  withVersion = 0;
  readonly #failures = new Map<string, Failure>();

  constructor(rules: PreparationRules<T>, schemas: KnownSchemas) {
    this.rules = rules;
    this.#schemas = schemas;
  }

  add(sample: Sample): PreparedEvent<T> {
    const prepared = prepareEvent(this.rules, sample.event, this.#schemas);
    if (!prepared.accepted && prepared.rejection === undefined) {
      this.ignored++;
      return prepared;
    }
    this.received++;
    const flag = (name: keyof typeof DELIVERY_FLAGS) =>
      (prepared.flags & DELIVERY_FLAGS[name]) === 0 ? 0 : 1;
    this.aliasHit += flag('aliasHit');
    this.coreViolation += flag('coreViolation');
    if (!prepared.accepted) {
      this.#fail(sample, prepared.rejection.reason, prepared.rejection.detail);
      return prepared;
    }
    this.accepted++;
    this.versionMissing += flag('versionMissing');
    this.keyMismatch += flag('keyMismatch');
    this.relatedIdNull += flag('relatedIdNull');
    if (prepared.record.updatedAt !== null) this.withUpdatedAt++;
    if (prepared.record.version !== null) this.withVersion++;
    return prepared;
  }

  /** The most frequent first. */
  get failures(): Failure[] {
    return [...this.#failures.values()].sort((a, b) => b.count - a.count);
  }

  #fail({ event, origin }: Sample, reason: RejectionReason, detail: string): void {
    const key = `${reason} ${detail}`;
    const known = this.#failures.get(key);
    const example = known?.example ?? { at: origin, shape: shapeOf(event.body) };
    // The ingest names the envelope as the profile has it: here that name is from a message.
    const { envelope } = this.rules.contract;
    const shown = detail.replace(
      `path ${envelopeText(envelope)} leads`,
      () => `path ${envelope.map(shownStep).join('.')} leads`,
    );
    this.#failures.set(key, { reason, detail: shown, count: (known?.count ?? 0) + 1, example });
  }
}

const MAX_SHAPE_MEMBERS = 60;
const MAX_SHAPE_DEPTH = 4;

function shapeOf(body: Buffer): Shape {
  const decoded = decodeBody(body);
  if (!decoded.accepted) return `${body.length} bytes`;
  return objectShape(decoded.object, 0);
}

function objectShape(object: JsonObject, depth: number): Shape {
  const names = Object.keys(object);
  const shapes = names.slice(0, MAX_SHAPE_MEMBERS).map((name): [string, Shape] => {
    const value = object[name];
    const isInner = isObject(value) && depth < MAX_SHAPE_DEPTH;
    return [
      shownName(name),
      isInner ? objectShape(value, depth + 1) : valueShape(present(object, name), name),
    ];
  });
  const left = names.length - shapes.length;
  return Object.fromEntries(left === 0 ? shapes : [...shapes, ['...', `${left} more members`]]);
}

function valueShape(value: unknown, name: string): string {
  if (value === undefined) return 'null or blank';
  const kind = KIND_TOPICS.map((topic) => matchName(topic, bare(name))?.kind).find(
    (one) => one !== undefined,
  );
  const format = formatOf(value, kind);
  return typeof value === 'string' ? `${format}, ${value.length} characters` : format;
}

const KIND_TOPICS: readonly RecordTopic[] = ['ledger', 'payment_order', 'pair'];

/** A member's name, unless it may be data itself: an id, an address, a sentence. */
export function shownName(name: string): string {
  const isName = /^[@$]?[\p{L}_][\p{L}\p{N}_.:$-]{0,63}$/u.test(name) && !/\d{4}|\d.*\d.*\d/.test(name);
  return isName ? name : `(a name of ${name.length} characters)`;
}

/** The way to a member, as {@link shownName}. */
export function shownPath(path: readonly string[]): string {
  return path.map(shownName).join('.');
}

/** A step of an envelope, as {@link shownName}. */
export function shownStep(step: EnvelopeStep): string {
  return typeof step === 'string' ? shownName(step) : envelopeText([step]);
}
