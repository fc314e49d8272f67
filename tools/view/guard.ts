import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** The header in which the page sends its token. No page of elsewhere knows it, and none may send a header of its own. */
export const TOKEN_HEADER = 'x-view-token';

export interface Guarded {
  /** Of this server, with scheme and port. */
  readonly address: string;
  readonly token: string;
}

/**
 * Why a request is refused that another web page may have made; `undefined` where it is the view's own. What is read here can be
 * somebody's data, and what is written is production's.
 */
export function refusalOf(request: IncomingMessage, { address, token }: Guarded): string | undefined {
  const { headers, method, url = '' } = request;
  // Under a name of its own another page would be of the same origin (DNS rebinding).
  if (`http://${headers.host}` !== address) return 'This is no name of this server.';
  const site = headers['sec-fetch-site'];
  const isForeign =
    (headers.origin !== undefined && headers.origin !== address) ||
    (site !== undefined && site !== 'same-origin' && site !== 'none');
  const isFollowedLink =
    method === 'GET' && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  const isApi = url.startsWith('/api/');
  if (isForeign && (isApi || !isFollowedLink)) return 'Another page asks.';
  if (!isApi) return undefined;
  if (!isToken(headers[TOKEN_HEADER], token))
    return 'The token of the page is missing: open the address that was printed.';
  if (method === 'POST' && headers['content-type'] !== 'application/json') return 'This is no JSON.';
  return undefined;
}

/** Whether a browser asks, and not a program. */
export function isOfBrowser({ headers }: IncomingMessage): boolean {
  return headers.origin !== undefined || headers['sec-fetch-site'] !== undefined;
}

function isToken(given: string | string[] | undefined, token: string): boolean {
  if (typeof given !== 'string') return false;
  const [one, other] = [Buffer.from(given), Buffer.from(token)];
  return one.length === other.length && timingSafeEqual(one, other);
}
