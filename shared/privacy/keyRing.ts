import type { Microseconds } from '../contracts/timestamp.ts';
import { KeyError } from './keyError.ts';

/** One version of a key. */
export interface KeyVersion {
  /** 1 for the first, and so on: versions of a secret are never deleted one by one. */
  readonly number: number;
  /** Events that the broker had from then on are under it, until the next. */
  readonly activeFrom: Microseconds;
  /** `undefined`: the version is disabled, or malformed. */
  readonly key: Buffer | undefined;
  /** Its value is no key: as if it had not been made. */
  readonly isMalformed?: boolean;
}

export interface Key {
  readonly number: number;
  readonly key: Buffer;
}

/** All versions of one key. */
export class KeyRing {
  readonly #name: string;
  readonly #versions: readonly KeyVersion[];

  /** @param versions in the order of their numbers. */
  constructor(name: string, versions: readonly KeyVersion[]) {
    this.#name = name;
    this.#versions = versions;
  }

  /**
   * The key of an event by the broker's time: the same one whenever, and by whichever process, it is ingested. In place
   * of a disabled version stands the next one, else the one before; a malformed one leaves the one before in its place.
   */
  at(enqueuedAt: Microseconds): Key {
    const active = this.#versions.findLastIndex(
      ({ activeFrom, isMalformed }) => activeFrom <= enqueuedAt && !isMalformed,
    );
    const from = Math.max(active, 0);
    return this.#usable(
      this.#versions.slice(from).find(isEnabled) ?? this.#versions.slice(0, from).findLast(isEnabled),
    );
  }

  latest(): Key {
    return this.#usable(this.#versions.findLast(isEnabled));
  }

  /** @returns `undefined` where there is no such version, or it is disabled. */
  version(number: number): Buffer | undefined {
    return this.#versions[number - 1]?.key;
  }

  /** Every key that can be used, the first one first. */
  enabled(): Key[] {
    return this.#versions.filter(isEnabled);
  }

  /** How many versions after the latest that can be used are malformed: who made them means them to be used. */
  malformed(): number {
    const latest = this.#versions.findLastIndex(isEnabled);
    return this.#versions.slice(latest + 1).filter(({ isMalformed }) => isMalformed).length;
  }

  #usable(version: (KeyVersion & Key) | undefined): Key {
    if (version === undefined) {
      throw new KeyError(`The secret ${this.#name} has no version that is enabled.`);
    }
    return version;
  }
}

function isEnabled(version: KeyVersion): version is KeyVersion & Key {
  return version.key !== undefined;
}
