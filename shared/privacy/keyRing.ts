import type { Microseconds } from '../contracts/timestamp.ts';
import { KeyError } from './keyError.ts';

/** One version of a key. */
export interface KeyVersion {
  /** 1 for the first, and so on: versions of a secret are never deleted one by one. */
  readonly number: number;
  /** Events that the broker had from then on are under it, until the next. */
  readonly activeFrom: Microseconds;
  /** `undefined`: the version is disabled. */
  readonly key: Buffer | undefined;
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
   * of a disabled version stands the next one, else the one before.
   */
  at(enqueuedAt: Microseconds): Key {
    const active = this.#versions.findLastIndex(({ activeFrom }) => activeFrom <= enqueuedAt);
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
