import { Writer } from '@platformatic/kafka';
import { logIn, MECHANISMS } from './authentication.ts';
import { codeOf, textOf } from './errorCodes.ts';
import { isKafkaError, type KafkaError, kafkaError } from './errors.ts';
import type { Session } from './session.ts';
import type { Request } from './wire.ts';

/**
 * Answers SaslHandshake, versions 0 and 1: which mechanism the client logs in with. After version 0 the login follows as a
 * frame of bare bytes, see {@link logInBare}.
 */
export function chooseMechanism({ version, body }: Request, session: Session): Writer {
  const mechanism = body.readString(false);
  const known = MECHANISMS.includes(mechanism);
  session.mechanism = known ? mechanism : undefined;
  session.bareLogin = known && version === 0;
  session.over = !known;
  if (!known) session.refused(`the SASL mechanism ${mechanism} is none of ${MECHANISMS.join(', ')}`);
  return Writer.create()
    .appendInt16(codeOf(known ? undefined : kafkaError('UNSUPPORTED_SASL_MECHANISM')))
    .appendArray([...MECHANISMS], (w, name) => w.appendString(name, false), false, false);
}

/** Answers SaslAuthenticate, versions 0 to 2. */
export function authenticate({ version, body }: Request, session: Session): Writer {
  const flexible = version >= 2;
  const error = tryLogin(body.readBytes(flexible), session);
  const writer = Writer.create()
    .appendInt16(codeOf(error))
    .appendString(error === undefined ? null : textOf(error), flexible)
    .appendBytes(Buffer.alloc(0), flexible);
  if (version >= 1) writer.appendInt64(BigInt(lifetimeOf(session)));
  if (flexible) writer.appendTaggedFields();
  return writer;
}

/** Takes the login outside of a request: an empty answer lets in, and the end of the connection does not. */
export function logInBare(bytes: Buffer, session: Session): Buffer | undefined {
  session.bareLogin = false;
  return tryLogin(bytes, session) === undefined ? Buffer.alloc(4) : undefined;
}

function tryLogin(bytes: Buffer, session: Session): KafkaError | undefined {
  const { mechanism } = session;
  const result =
    mechanism === undefined ? kafkaError('ILLEGAL_SASL_STATE') : logIn(mechanism, bytes, Date.now());
  if (!isKafkaError(result)) {
    session.login = result;
    return undefined;
  }
  session.over = true;
  session.refused(`the login failed: ${textOf(result)}`);
  return result;
}

/** For how long the login is good, in milliseconds; 0 for ever. A client logs in again before that. */
function lifetimeOf({ login }: Session): number {
  return login?.expiresAt === undefined ? 0 : Math.max(1, login.expiresAt - Date.now());
}
