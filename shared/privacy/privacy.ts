import type { TokenCredential } from '@azure/identity';
import type { Microseconds } from '../contracts/timestamp.ts';
import { KeyError } from './keyError.ts';
import type { KeyRing } from './keyRing.ts';
import { KeyVaultKeys, keyVaultConnector } from './keyVaultKeys.ts';
import { isSealed, type Origin, seal, unseal } from './seal.ts';
import { keyNumberOf, userIdToken } from './userIdToken.ts';

export const USER_ID_MODES = ['plain', 'hmac', 'drop'] as const;

/** What is stored of user ids, and where the keys are (SPEC 10). */
export interface PrivacySettings {
  /** As they came; as tokens under a key; not at all. */
  readonly mode: (typeof USER_ID_MODES)[number];
  readonly vaultUrl: string | undefined;
  /** Names of secrets. */
  readonly userIdKey: string | undefined;
  readonly sealKey: string | undefined;
  /** Of the identity that reads them. */
  readonly credential: () => Promise<TokenCredential>;
}

/** What is done to user ids and dead letters, with the keys at hand. */
export interface Privacy {
  /**
   * A user id as it is stored, by the broker's time of its event. Under the key of `stored`, where that is a token: so
   * equal ids compare as equal.
   */
  userId(id: string, enqueuedAt: Microseconds, stored?: string | null): string | null;
  /** The payload of a dead letter as it is stored. */
  seal(payload: Buffer, origin: Origin): Buffer;
}

/** Versions of a secret that are no keys. */
export interface MalformedVersions {
  readonly secret: string;
  readonly versions: number;
}

/** Asks for what a batch needs; keys are read when they are first needed, and again every few minutes. */
export interface PrivacySource {
  /** @throws KeyError: an outage, not a fault of an event. */
  ready(): Promise<Privacy>;
  /** The payload that a dead letter was stored with, sealed or not. */
  open(stored: Buffer, origin: Origin): Promise<Buffer>;
  /** The keys of user ids. */
  userIdKeys(): Promise<KeyRing>;
  /** Of each secret in use, how many versions after the latest usable one are malformed. */
  malformedVersions(): Promise<readonly MalformedVersions[]>;
}

const PLAIN: Privacy = { userId: (id) => id, seal: (payload) => payload };

export function privacySource(settings: PrivacySettings): PrivacySource {
  const { mode, vaultUrl, userIdKey, sealKey, credential } = settings;
  const connect = vaultUrl === undefined ? undefined : keyVaultConnector(vaultUrl, credential);
  const keysOf = (secret: string | undefined) =>
    connect === undefined || secret === undefined ? undefined : new KeyVaultKeys(secret, connect);
  const [userIdKeys, sealKeys] = [keysOf(userIdKey), keysOf(sealKey)];
  return {
    async ready() {
      if (mode === 'plain') return PLAIN;
      const [sealRing, userIdRing] = await Promise.all([
        ringOf(sealKeys),
        mode === 'hmac' ? ringOf(userIdKeys) : undefined,
      ]);
      return {
        userId: (id, enqueuedAt, stored) =>
          userIdRing === undefined ? null : tokenOf(userIdRing, id, enqueuedAt, stored),
        seal: (payload, origin) => seal(sealRing.latest(), payload, origin),
      };
    },
    async open(stored, origin) {
      return isSealed(stored) && sealKeys !== undefined
        ? unseal(await sealKeys.ring(), stored, origin)
        : stored;
    },
    userIdKeys: () => ringOf(userIdKeys),
    malformedVersions: () => {
      const used = [
        { secret: sealKey, keys: mode === 'plain' ? undefined : sealKeys },
        { secret: userIdKey, keys: mode === 'hmac' ? userIdKeys : undefined },
      ];
      return Promise.all(
        used.flatMap(({ secret, keys }) =>
          keys === undefined
            ? []
            : keys.ring().then((ring) => ({ secret: secret!, versions: ring.malformed() })),
        ),
      );
    },
  };
}

async function ringOf(keys: KeyVaultKeys | undefined): Promise<KeyRing> {
  if (keys === undefined) {
    throw new KeyError('There is no key: set KEY_VAULT_URL, USER_ID_KEY_SECRET and DLQ_SEAL_KEY_SECRET.');
  }
  return keys.ring();
}

function tokenOf(ring: KeyRing, id: string, enqueuedAt: Microseconds, stored: string | null = null): string {
  const number = stored === null ? undefined : keyNumberOf(stored);
  const key = number === undefined ? undefined : ring.version(number);
  return userIdToken(key === undefined ? ring.at(enqueuedAt) : { number: number!, key }, id);
}
