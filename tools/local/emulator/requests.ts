/** Request and response over a pair of links, as the `$cbs` and `$management` endpoints use it. */
import { decodeValue, listElements, type Value } from './amqp/decode.ts';
import {
  encodeDescribed,
  encodeInt,
  encodeList,
  encodeMap,
  encodeMapSection,
  encodeNull,
  encodeString,
} from './amqp/encode.ts';
import type { IncomingLink } from './amqp/incomingLink.ts';
import type { AnswerLink } from './amqp/link.ts';
import { MalformedAmqp, readSections, SECTION } from './amqp/walk.ts';

export interface Request {
  readonly properties: ReadonlyMap<Value, Value>;
  readonly body: Value;
  readonly replyTo: string | undefined;
  /** As the client encoded it, for it to find its answer by. */
  readonly messageId: Buffer;
}

export interface Response {
  statusCode: number;
  statusDescription: string;
  /** The error condition, for status codes that are not 2xx. */
  condition?: string;
  /** Encoded values by name. */
  body?: Readonly<Record<string, Buffer>>;
}

/** Fields of a message's properties by their place. */
const PROPERTY = { messageId: 0, replyTo: 4 } as const;
/** Requests that a client may have open at a time. */
const CREDIT = 100;
const NULL = encodeNull();

/** The text of an application property, or ''. */
export function textProperty(request: Request, name: string): string {
  const value = request.properties.get(name);
  return typeof value === 'string' ? value : '';
}

/** Answers every request that comes in on a link. */
export function serveRequests(requests: IncomingLink, answer: (request: Request) => Response): void {
  requests.serve(CREDIT, ({ bytes, settle }) => {
    try {
      const request = readRequest(bytes);
      const response = answer(request);
      if (response.condition !== undefined) {
        const { session, target } = requests;
        session.refused(`a request to '${target.address}' was refused: ${response.statusDescription}`);
      }
      replyLink(requests, request.replyTo)?.send(encodeResponse(request, response));
      settle();
    } catch (error) {
      if (!(error instanceof MalformedAmqp)) throw error;
      settle({ condition: 'amqp:decode-error', description: `Not a valid message: ${error.message}.` });
    }
  });
}

/** Throws MalformedAmqp. */
function readRequest(bytes: Buffer): Request {
  const sections = new Map(readSections(bytes).map((section) => [section.code, section.value]));
  const at = (code: number) => sections.get(code);
  const [properties, application, body] = [
    at(SECTION.properties),
    at(SECTION.applicationProperties),
    at(SECTION.value),
  ];
  const fields = properties === undefined ? [] : listElements(bytes, properties);
  const replyTo = fields[PROPERTY.replyTo];
  const to = replyTo === undefined ? null : decodeValue(replyTo, 0);
  const map = application === undefined ? null : decodeValue(bytes, application);
  return {
    properties: map instanceof Map ? map : new Map<Value, Value>(),
    body: body === undefined ? null : decodeValue(bytes, body),
    replyTo: typeof to === 'string' ? to : undefined,
    messageId: fields[PROPERTY.messageId] ?? NULL,
  };
}

function encodeResponse({ replyTo, messageId }: Request, response: Response): Buffer {
  const to = replyTo === undefined ? NULL : encodeString(replyTo);
  const { condition } = response;
  const properties = [
    // An int: some clients take no other type.
    ...[encodeString('status-code'), encodeInt(response.statusCode)],
    ...[encodeString('status-description'), encodeString(response.statusDescription)],
    ...(condition === undefined ? [] : [encodeString('error-condition'), encodeString(condition)]),
  ];
  const body = Object.entries(response.body ?? {}).flatMap(([name, value]) => [encodeString(name), value]);
  return Buffer.concat([
    // Message id, user id, address, subject, reply address, correlation id.
    encodeDescribed(SECTION.properties, encodeList([NULL, NULL, to, NULL, NULL, messageId])),
    encodeMapSection(SECTION.applicationProperties, properties.length / 2, properties),
    encodeDescribed(SECTION.value, response.body === undefined ? encodeString('') : encodeMap(body)),
  ]);
}

/**
 * The link that the client opened for answers: the one whose own end the request names, or else one of the same session.
 * Without one, nobody waits for an answer.
 */
function replyLink(requests: IncomingLink, replyTo: string | undefined): AnswerLink | undefined {
  const { session, target } = requests;
  const answers = (link: AnswerLink) =>
    link.attached && link.source.address.toLowerCase() === target.address.toLowerCase();
  return (
    session.connection.outgoingLinks.find((link) => answers(link) && link.target.address === replyTo) ??
    session.outgoingLinks.find(answers)
  );
}
