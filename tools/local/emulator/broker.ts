/** What happens on the links of the emulator: who may attach to what, and who serves it. */

import { parseAddress } from './addresses.ts';
import type { IncomingLink } from './amqp/incomingLink.ts';
import type { OutgoingLink } from './amqp/outgoingLink.ts';
import type { Service } from './amqp/session.ts';
import { Authorization } from './authorization.ts';
import type { Hub } from './hub.ts';
import { readProperties } from './management.ts';
import { MAX_MESSAGE_SIZE } from './messageSize.ts';
import { acceptEvents } from './publishing.ts';
import { openReceiver } from './receiving.ts';
import { isRefusal, type Refusal } from './refusal.ts';
import type { Refused } from './refusalLog.ts';
import { serveRequests } from './requests.ts';

type FindHub = (name: string) => Hub | Refusal;

/** What the emulator serves over AMQP. `findHub` is asked for each link and request; `refused` hears of each refusal. */
export function createBroker(findHub: FindHub, refused: Refused): Service {
  const authorization = new Authorization();
  return {
    maxMessageSize: MAX_MESSAGE_SIZE,
    openIncoming: (link) => attachProducer(link, findHub, authorization),
    refused: (text) => refused(`Event Hubs emulator: ${text}`),
    openOutgoing: (link) => attachConsumer(link, findHub, authorization),
  };
}

function attachProducer(
  link: IncomingLink,
  findHub: FindHub,
  authorization: Authorization,
): Refusal | undefined {
  const { address: name } = link.target;
  const { connection } = link.session;
  const address = parseAddress(name);
  switch (address.kind) {
    case 'claims':
      serveRequests(link, (request) => authorization.putToken(connection, request, Date.now()));
      return undefined;
    case 'management':
      serveRequests(
        link,
        (request) =>
          authorization.refuse(connection, request, Date.now()) ?? readProperties(findHub, request),
      );
      return undefined;
    case 'publish': {
      if (!authorization.allows(connection)) return unauthorized(name);
      const hub = findHub(address.hub);
      if (isRefusal(hub)) return hub;
      const partition = address.partition === undefined ? undefined : hub.partition(address.partition);
      if (isRefusal(partition)) return partition;
      acceptEvents(link, hub, partition);
      return undefined;
    }
    default:
      return notFound(name);
  }
}

function attachConsumer(
  link: OutgoingLink,
  findHub: FindHub,
  authorization: Authorization,
): Refusal | undefined {
  const { address: name } = link.source;
  const address = parseAddress(name);
  switch (address.kind) {
    case 'claims':
    case 'management':
      return undefined; // answers go out here when requests come in
    case 'receive': {
      if (!authorization.allows(link.session.connection)) return unauthorized(name);
      const hub = findHub(address.hub);
      if (isRefusal(hub)) return hub;
      const partition = hub.partition(address.partition);
      if (isRefusal(partition)) return partition;
      return openReceiver(link, partition, address.consumerGroup);
    }
    default:
      return notFound(name);
  }
}

function unauthorized(address: string): Refusal {
  return {
    condition: 'amqp:unauthorized-access',
    description: `Unauthorized access to '${address}': no valid token was put on this connection.`,
  };
}

function notFound(address: string): Refusal {
  return {
    condition: 'amqp:not-found',
    description: `The messaging entity '${address}' could not be found.`,
  };
}
