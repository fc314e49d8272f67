import { FRAME_HEADER_SIZE, FRAME_TYPE, writeFrameHeader } from './frames.ts';

/** Bytes of a frame with a transfer in front of its payload. */
export const TRANSFER_HEAD_SIZE = FRAME_HEADER_SIZE + 30;

export interface Transfer {
  readonly handle: number;
  readonly id: number;
  readonly settled: boolean;
  readonly more: boolean;
}

/** Frame header and transfer of a part of a message in format 0, by hand: there is one for each event that is read. */
export function transferHead(
  channel: number,
  payload: number,
  { handle, id, settled, more }: Transfer,
): Buffer {
  const head = Buffer.allocUnsafe(TRANSFER_HEAD_SIZE);
  writeFrameHeader(head, head.length + payload, FRAME_TYPE.amqp, channel);
  // A described list of 11 fields in 25 bytes.
  head.set([0x00, 0x53, 0x14, 0xc0, 25, 11, 0x70], 8);
  head.writeUInt32BE(handle, 15);
  head[19] = 0x70;
  head.writeUInt32BE(id, 20);
  head[24] = 0xa0; // the delivery's tag: its number
  head[25] = 4;
  head.writeUInt32BE(id, 26);
  head[30] = 0x43; // message format 0
  head[31] = settled ? 0x41 : 0x42;
  head[32] = more ? 0x41 : 0x42;
  // How the receiver settles and the delivery's state: null. Not resumed, not aborted, not to be answered in batches.
  head.set([0x40, 0x40, 0x42, 0x42, 0x42], 33);
  return head;
}
