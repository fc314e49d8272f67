/** Who may do what: clients put a token at the `$cbs` endpoint (AMQP claims-based security) before they open links. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { unescape as urlDecode } from 'node:querystring';
import type { LinkConnection } from './amqp/link.ts';
import { type Request, type Response, textProperty } from './requests.ts';

/**
 * The credentials of Microsoft's emulator. They are public and protect nothing; checking them finds clients with a
 * wrong or missing connection string here and not in the cloud.
 */
export const SHARED_KEY_NAME = 'RootManageSharedAccessKey';
export const SHARED_KEY = 'SAS_KEY_VALUE';

/** Remembers which connections brought a valid token. */
export class Authorization {
  readonly #authorized = new WeakSet<LinkConnection>();

  /** Whether links to hubs may be opened on this connection. */
  allows(connection: LinkConnection): boolean {
    return this.#authorized.has(connection);
  }

  /** Handles a put-token request. */
  putToken(connection: LinkConnection, request: Request, now: number): Response {
    if (textProperty(request, 'operation') !== 'put-token') {
      return {
        statusCode: 400,
        statusDescription: 'Only the operation put-token is known here.',
        condition: 'amqp:not-implemented',
      };
    }
    const fault = tokenFault(String(request.body), now);
    if (fault !== undefined) return unauthorized(fault);
    this.#authorized.add(connection);
    return { statusCode: 202, statusDescription: 'Accepted' };
  }

  /**
   * Why a request is not served, or undefined. A request may bring its own token; one that brings none needs a connection
   * that has one.
   */
  refuse(connection: LinkConnection, request: Request, now: number): Response | undefined {
    const token = textProperty(request, 'security_token');
    if (token === '' && this.allows(connection)) return undefined;
    const fault = token === '' ? 'The request has no security_token.' : tokenFault(token, now);
    return fault === undefined ? undefined : unauthorized(fault);
  }
}

function unauthorized(fault: string): Response {
  return { statusCode: 401, statusDescription: fault, condition: 'amqp:unauthorized-access' };
}

/**
 * What is wrong with a shared access signature, or undefined. Its form is
 * `SharedAccessSignature sr=RESOURCE&sig=SIGNATURE&se=EXPIRY_SECONDS&skn=KEY_NAME`, each value url-encoded.
 */
export function tokenFault(token: string, now: number): string | undefined {
  const [scheme, fields] = token.split(' ');
  if (scheme !== 'SharedAccessSignature' || fields === undefined) {
    return 'The emulator accepts shared access signatures only: use its connection string.';
  }
  const values = new Map(fields.split('&').map((field) => splitOnce(field)));
  const [resource, signature, expiry] = [values.get('sr'), values.get('sig'), values.get('se')];
  if (resource === undefined || signature === undefined || expiry === undefined) {
    return 'The shared access signature lacks sr, sig or se.';
  }
  if (values.get('skn') !== SHARED_KEY_NAME) return `The key name must be ${SHARED_KEY_NAME}.`;
  // The resource is signed as it is written in the token, url-encoded.
  const expected = createHmac('sha256', SHARED_KEY).update(`${resource}\n${expiry}`).digest();
  const given = Buffer.from(urlDecode(signature), 'base64');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    return 'The token has an invalid signature.';
  }
  return Number(expiry) * 1000 > now ? undefined : 'The token is expired.';
}

function splitOnce(field: string): [name: string, value: string] {
  const at = field.indexOf('=');
  return [field.slice(0, at), field.slice(at + 1)];
}
