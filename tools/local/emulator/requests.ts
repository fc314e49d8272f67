/** Request and response over a pair of links, as the `$cbs` and `$management` endpoints use it. */
import type { Dictionary, EventContext, Message, Receiver, Sender, Session, TerminusOptions } from 'rhea';

export interface Response {
  statusCode: number;
  statusDescription: string;
  /** The error condition, for status codes that are not 2xx. */
  condition?: string;
  body?: unknown;
}

/** The text of an application property, or ''. */
export function textProperty(request: Message, name: string): string {
  const value: unknown = (request.application_properties as Dictionary<unknown> | undefined)?.[name];
  return typeof value === 'string' ? value : '';
}

/** Requests that a client may have open at a time. */
const CREDIT = 100;

/** Answers every request that comes in on a link. */
export function serveRequests(requests: Receiver, answer: (request: Message) => Response): void {
  requests.on('message', ({ message, delivery }: EventContext) => {
    respond(requests, message!, answer(message!));
    delivery!.accept();
    requests.add_credit(1);
  });
  requests.add_credit(CREDIT);
}

/** The answer goes out on the link that the client opened for that in the same session. */
function respond(requests: Receiver, request: Message, response: Response): void {
  const sender = replyLink(requests.session, (requests.target as TerminusOptions).address);
  if (!sender || request.message_id === undefined) return; // nobody waits for an answer
  sender.send({
    ...(request.reply_to === undefined ? {} : { to: request.reply_to }),
    correlation_id: request.message_id,
    application_properties: {
      'status-code': response.statusCode,
      'status-description': response.statusDescription,
      ...(response.condition === undefined ? {} : { 'error-condition': response.condition }),
    },
    body: response.body ?? '',
  });
}

function replyLink(session: Session, address: string): Sender | undefined {
  const name = address.toLowerCase();
  return session.find_sender((sender: Sender) => sender.source?.address?.toLowerCase() === name);
}
