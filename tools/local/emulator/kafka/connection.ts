/** A connection of a Kafka client: which requests it may make when, and what becomes of those that it may not. */
import type { Socket } from 'node:net';
import { protocolAPIsById } from '@platformatic/kafka';
import { API_VERSIONS, APIS, type Api, listApis } from './apis.ts';
import { kafkaError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { logInBare } from './login.ts';
import type { Endpoint, Session } from './session.ts';
import { frameResponse, ProtocolFault, type Request, readFrames, readRequest } from './wire.ts';

/** Until somebody has logged in, there is nothing large to say. */
const MAX_REQUEST_BEFORE_LOGIN = 64 * 1024;

/** Serves a connection until it ends. Requests are served in their order, one at a time. */
export async function serveConnection(socket: Socket, endpoint: Endpoint): Promise<void> {
  const session = newSession(socket, endpoint);
  const limit = () =>
    session.login === undefined ? MAX_REQUEST_BEFORE_LOGIN : LIMITS[endpoint.limits].maxRequest;
  try {
    for await (const frame of readFrames(socket, limit)) {
      const response = session.bareLogin
        ? logInBare(frame, session)
        : await respond(readRequest(frame), session, endpoint);
      // Waited for: what a client does not read must not pile up here.
      if (response !== undefined) await new Promise((resolve) => socket.write(response, resolve));
      if (session.over) break;
    }
  } catch (error) {
    // A connection that broke is the client's affair; what it sent wrong is worth a line.
    if (!isBrokenConnection(error)) session.refused(`the connection was closed: ${(error as Error).message}`);
  } finally {
    socket.destroy();
  }
}

function newSession(socket: Socket, endpoint: Endpoint): Session {
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  return {
    mechanism: undefined,
    bareLogin: false,
    login: undefined,
    over: false,
    gone: gone.signal,
    refused: (text) => endpoint.refused(`Kafka endpoint: ${text}`),
  };
}

/** An error of the socket, in contrast to one that its bytes caused; leaving a loop over it leaves both in `errored`. */
function isBrokenConnection(error: unknown): boolean {
  const { syscall, code } = error as NodeJS.ErrnoException;
  return syscall !== undefined || code === 'ERR_STREAM_PREMATURE_CLOSE';
}

async function respond(request: Request, session: Session, endpoint: Endpoint): Promise<Buffer | undefined> {
  const { api: key, version, correlationId, body } = request;
  const api = APIS.find((candidate) => candidate.key === key);
  if (api === undefined || version < api.versions[0] || version > api.versions[1]) {
    // The one request whose unknown versions have an answer: in version 0, so that the client can try another.
    if (key !== API_VERSIONS) throw new ProtocolFault(unknownText(key, version, api));
    return frameResponse(correlationId, listApis(0, endpoint, kafkaError('UNSUPPORTED_VERSION')), false);
  }
  if (!api.beforeLogin) checkLogin(session);
  const flexible = version >= (api.flexible ?? Number.POSITIVE_INFINITY);
  if (flexible) body.readTaggedFields();
  const answer = await api.answer(request, session, endpoint);
  // The answer to ApiVersions has the oldest header: the client does not know yet what the broker speaks.
  return answer && frameResponse(correlationId, answer, flexible && key !== API_VERSIONS);
}

function checkLogin({ login }: Session): void {
  if (login === undefined) {
    throw new ProtocolFault(
      'the login is missing: set security.protocol=SASL_PLAINTEXT and sasl.mechanism=PLAIN, or OAUTHBEARER',
    );
  }
  if (login.expiresAt !== undefined && login.expiresAt <= Date.now()) {
    throw new ProtocolFault('the token of the login is expired, and the client brought no new one');
  }
}

function nameOf(key: number): string {
  return (protocolAPIsById as Readonly<Record<number, string>>)[key] ?? 'unknown to Kafka';
}

function unknownText(key: number, version: number, api: Api | undefined): string {
  if (api === undefined) return `request ${key} (${nameOf(key)}) is not served here`;
  return `${api.name} of version ${version} is not served here, but ${api.versions.join(' to ')}`;
}
