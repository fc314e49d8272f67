/** What happens on the links of the emulator: who may attach to what, and who serves it. */
import rhea, { type Container, type EventContext, type Receiver, type Sender } from 'rhea';
import { parseAddress } from './addresses.ts';
import { Authorization } from './authorization.ts';
import type { Hub } from './hub.ts';
import { readProperties } from './management.ts';
import { acceptEvents } from './publishing.ts';
import { openReceiver, type PartitionReceiver } from './receiving.ts';
import { isRefusal, type Refusal } from './refusal.ts';
import { serveRequests } from './requests.ts';

type FindHub = (name: string) => Hub | Refusal;

/** Creates the AMQP container that serves the hubs. `findHub` is asked for each link and request. */
export function createBroker(findHub: FindHub): Container {
  const container = rhea.create_container({ id: 'event-hubs-emulator' });
  const authorization = new Authorization();
  const receivers = new Set<PartitionReceiver>();
  const stopReceivers = (gone: (link: Sender) => boolean) => {
    for (const receiver of receivers) {
      if (!gone(receiver.link)) continue;
      receiver.stop();
      receivers.delete(receiver);
    }
  };

  container.on('receiver_open', ({ receiver }: EventContext) => {
    const refusal = attachProducer(receiver!, findHub, authorization);
    if (refusal) receiver!.close(refusal);
  });
  container.on('sender_open', ({ sender }: EventContext) => {
    const opened = attachConsumer(sender!, findHub, authorization);
    if (isRefusal(opened)) sender!.close(opened);
    else if (opened) receivers.add(opened);
  });

  // A consumer can leave in four ways: its link, session or connection is closed, or the socket breaks.
  container.on('sender_close', ({ sender }: EventContext) => stopReceivers((link) => link === sender));
  container.on('session_close', ({ session }: EventContext) =>
    stopReceivers((link) => link.session === session),
  );
  for (const event of ['connection_close', 'disconnected']) {
    container.on(event, ({ connection }: EventContext) =>
      stopReceivers((link) => link.connection === connection),
    );
  }
  reportFaults(container);
  return container;
}

/** rhea's receiving link is the client's sending one. */
function attachProducer(link: Receiver, findHub: FindHub, authorization: Authorization): Refusal | undefined {
  const name = echoTarget(link);
  const address = parseAddress(name);
  const { connection } = link;
  switch (address.kind) {
    case 'claims':
      serveRequests(link, (request) => authorization.putToken(connection, request, Date.now()));
      return undefined;
    case 'management':
      if (!authorization.allows(connection)) return unauthorized(name);
      serveRequests(link, (request) => readProperties(findHub, request));
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

/** rhea's sending link is the client's receiving one. */
function attachConsumer(
  link: Sender,
  findHub: FindHub,
  authorization: Authorization,
): PartitionReceiver | Refusal | undefined {
  const name = echoSource(link);
  const address = parseAddress(name);
  switch (address.kind) {
    case 'claims':
    case 'management':
      return undefined; // answers go out here when requests come in
    case 'receive': {
      if (!authorization.allows(link.connection)) return unauthorized(name);
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

/** An answer that names no address would mean that the link was refused (AMQP 1.0, 2.6.3). */
function echoTarget(link: Receiver): string {
  const address = link.target?.address ?? '';
  link.set_target({ address });
  return address;
}

function echoSource(link: Sender): string {
  const address = link.source?.address ?? '';
  link.set_source({ address });
  return address;
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

function reportFaults(container: Container): void {
  // What a client reports when it closes something is its own affair, but rhea throws when nobody listens.
  for (const event of ['connection_error', 'session_error', 'sender_error', 'receiver_error']) {
    container.on(event, () => {});
  }
  for (const event of ['error', 'protocol_error']) {
    container.on(event, (error: unknown) =>
      console.error('Event Hubs emulator: a connection failed:', error),
    );
  }
}
