/** What a link is attached to. Event Hubs compares names and the fixed words of an address without case. */
export type Address =
  | { kind: 'claims' }
  | { kind: 'management' }
  | { kind: 'publish'; hub: string; partition: string | undefined }
  | { kind: 'receive'; hub: string; consumerGroup: string; partition: string }
  | { kind: 'unknown' };

const RECEIVE = /^([^/]+)\/consumergroups\/([^/]+)\/partitions\/([^/]+)$/i;
const PUBLISH = /^([^/]+)(?:\/partitions\/([^/]+))?$/i;

/**
 * Reads the address of a link's source or target: a path, which may begin with a slash and be percent-encoded, or stand in a
 * whole URL, as Python's client writes it.
 */
export function parseAddress(path: string): Address {
  const address = decoded(path)
    .replace(/^amqps?:\/\/[^/]*\//i, '')
    .replace(/^\//, '');
  if (address.toLowerCase() === '$cbs') return { kind: 'claims' };
  if (address.toLowerCase().endsWith('$management')) return { kind: 'management' };
  const receive = RECEIVE.exec(address);
  if (receive) {
    return { kind: 'receive', hub: receive[1]!, consumerGroup: receive[2]!, partition: receive[3]! };
  }
  const publish = PUBLISH.exec(address);
  if (publish) return { kind: 'publish', hub: publish[1]!, partition: publish[2] };
  return { kind: 'unknown' };
}

/** What is no valid percent-encoding stands for itself. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
