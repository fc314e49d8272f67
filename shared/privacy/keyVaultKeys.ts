import type { TokenCredential } from '@azure/identity';
import type { SecretClient } from '@azure/keyvault-secrets';
import { KeyError } from './keyError.ts';
import { KeyRing, type KeyVersion } from './keyRing.ts';

const MINUTE_MS = 60_000;
/** A new version is asked for that often. */
const REFRESH_MS = 5 * MINUTE_MS;
/** What was read serves that long where Key Vault is away: less than a version takes to become active. */
const USABLE_MS = 12 * MINUTE_MS;
/** A vault that does not answer is one that is away. */
const READ_WITHIN_MS = 15_000;
/**
 * From its creation to the first event under it. By then every process knows the version: two of them never give one
 * event two tokens. A later activation date of the version counts instead.
 */
export const ACTIVATION_MS = 15 * MINUTE_MS;
/** Bytes: HMAC-SHA-256 wants no less, AES-256 no other number. */
const KEY_LENGTH = 32;

/** The versions of one secret of Key Vault, as keys. */
export class KeyVaultKeys {
  readonly #secret: string;
  readonly #connect: () => Promise<SecretClient>;
  readonly #now: () => number;
  readonly #readWithinMs: number;
  /** By the version's name in Key Vault; a value never changes. */
  readonly #values = new Map<string, Buffer>();
  #read: { readonly ring: KeyRing; readonly at: number } | undefined;
  #reading: Promise<KeyRing> | undefined;

  /** @param now milliseconds since 1970. */
  constructor(
    secret: string,
    connect: () => Promise<SecretClient>,
    now: () => number = Date.now,
    readWithinMs = READ_WITHIN_MS,
  ) {
    this.#secret = secret;
    this.#connect = connect;
    this.#now = now;
    this.#readWithinMs = readWithinMs;
  }

  /**
   * What was read serves while it is read again: no batch waits for a vault that is slow or away.
   * @throws where nothing usable is known and Key Vault cannot be read, or no value is a key.
   */
  async ring(): Promise<KeyRing> {
    const known = this.#read;
    const age = known === undefined ? Infinity : this.#now() - known.at;
    if (known !== undefined && age < REFRESH_MS) return known.ring;
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined;
    });
    if (known === undefined || age >= USABLE_MS) return this.#reading;
    this.#reading.catch(() => {});
    return known.ring;
  }

  async #readAll(): Promise<KeyRing> {
    const at = this.#now();
    try {
      const abortSignal = AbortSignal.timeout(this.#readWithinMs);
      const client = await this.#connect();
      const found = [];
      for await (const version of client.listPropertiesOfSecretVersions(this.#secret, { abortSignal })) {
        found.push(version);
      }
      found.sort(
        (a, b) =>
          (a.createdOn?.getTime() ?? 0) - (b.createdOn?.getTime() ?? 0) || (a.version! < b.version! ? -1 : 1),
      );
      const versions: KeyVersion[] = [];
      let malformed: KeyError | undefined;
      for (const [index, { version, enabled, createdOn, notBefore }] of found.entries()) {
        const created = (createdOn?.getTime() ?? 0) + ACTIVATION_MS;
        const value = enabled === false ? undefined : await this.#value(client, version!, abortSignal);
        const isMalformed = value instanceof KeyError;
        if (isMalformed) malformed = value;
        versions.push({
          number: index + 1,
          activeFrom: index === 0 ? -Infinity : Math.max(created, notBefore?.getTime() ?? 0) * 1000,
          key: isMalformed ? undefined : value,
          isMalformed,
        });
      }
      if (malformed !== undefined && versions.every(({ key }) => key === undefined)) throw malformed;
      const ring = new KeyRing(this.#secret, versions);
      this.#read = { ring, at };
      return ring;
    } catch (error) {
      if (error instanceof KeyError) throw error;
      // The client's message may hold what the service answered.
      const { name, code, statusCode } = error as { name: string; code?: string; statusCode?: number };
      throw new KeyError(
        `The secret ${this.#secret} could not be read from Key Vault (${code ?? statusCode ?? name}): is KEY_VAULT_URL right, ` +
          'and may the identity of this app read secrets (role Key Vault Secrets User)?',
      );
    }
  }

  /** A malformed value is an error that is returned: one new version never stops what the others are for. */
  async #value(client: SecretClient, version: string, abortSignal: AbortSignal): Promise<Buffer | KeyError> {
    const known = this.#values.get(version);
    if (known !== undefined) return known;
    const { value = '' } = await client.getSecret(this.#secret, { version, abortSignal });
    const key = Buffer.from(value.trim(), 'base64');
    if (key.length !== KEY_LENGTH || key.toString('base64') !== value.trim()) {
      return new KeyError(
        `The version ${version} of the secret ${this.#secret} is no key: it must be ${KEY_LENGTH} random bytes as base64 ` +
          '(openssl rand -base64 32).',
      );
    }
    this.#values.set(version, key);
    return key;
  }
}

/** One client for all secrets of a vault, made when it is first needed. */
export function keyVaultConnector(
  vaultUrl: string,
  credential: () => Promise<TokenCredential>,
): () => Promise<SecretClient> {
  let client: Promise<SecretClient> | undefined;
  return () => {
    client ??= connect(vaultUrl, credential);
    return client;
  };
}

async function connect(vaultUrl: string, credential: () => Promise<TokenCredential>): Promise<SecretClient> {
  // Loaded when it is needed: most profiles do without it.
  const { SecretClient } = await import('@azure/keyvault-secrets');
  return new SecretClient(vaultUrl, await credential(), {
    retryOptions: { maxRetries: 2 },
    // On this machine there is no certificate, and no name of Azure's.
    ...(vaultUrl.startsWith('http://127.0.0.1:') && {
      allowInsecureConnection: true,
      disableChallengeResourceVerification: true,
    }),
  });
}
