import { SchemaRegistryError } from './schemaRegistryError.ts';

/** A registry that does not answer is one that is away. */
export const WITHIN_MS = 10_000;

/** What a registry answered: the text, or that there is no such thing. */
export interface Answer {
  readonly status: 200 | 404;
  readonly text: string;
}

/**
 * Asks a registry.
 * @throws SchemaRegistryError for every other answer, and for none: never with what it said.
 */
export async function ask(url: URL, authorization: string | undefined): Promise<Answer> {
  const headers = authorization === undefined ? {} : { authorization };
  let status: number;
  let text: string;
  try {
    // Credentials are for this address only.
    const answer = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(WITHIN_MS) });
    status = answer.status;
    text = await answer.text();
  } catch (error) {
    const { name, cause } = error as { name: string; cause?: { code?: unknown } };
    const code = typeof cause?.code === 'string' ? cause.code : name;
    throw new SchemaRegistryError(
      `The schema registry at ${url.host} does not answer (${code}). The batch waits; check that it runs and that the network ` +
        'lets us through.',
    );
  }
  if (status === 200 || status === 404) return { status, text };
  const advice =
    status === 401 || status === 403
      ? 'it refuses these credentials: check them, and that they may read schemas'
      : 'the batch waits until it answers';
  throw new SchemaRegistryError(
    `The schema registry at ${url.host} answered with status ${status}: ${advice}.`,
  );
}

/** The answer of something else than a registry, such as a proxy or another path. */
export function notARegistry(url: URL): SchemaRegistryError {
  return new SchemaRegistryError(
    `What answers at ${url.host} is no schema registry, or not at this path: check the address in the settings.`,
  );
}

/** `undefined` where it is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
