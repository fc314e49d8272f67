import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { test, vi } from 'vitest';
import { Connection } from '../../../tools/local/emulator/amqp/connection.ts';
import {
  encodeBoolean,
  encodeDescribed,
  encodeList,
  encodeNull,
  encodeString,
  encodeUint,
} from '../../../tools/local/emulator/amqp/encode.ts';
import { encodeFrame, protocolHeader } from '../../../tools/local/emulator/amqp/frames.ts';
import type { Service } from '../../../tools/local/emulator/amqp/session.ts';

const NULL = encodeNull();
const SERVICE: Service = {
  maxMessageSize: 1000,
  openIncoming: () => undefined,
  openOutgoing: () => undefined,
  refused: () => {},
};

/** A connection whose client reads nothing until `drain` is called. */
function served(service: Service = SERVICE) {
  let written = () => {};
  const sent: Buffer[] = [];
  const socket = new Duplex({
    read() {},
    write(bytes: Buffer, _encoding, done) {
      sent.push(bytes);
      written = done;
    },
  });
  const connection = new Connection(socket as Socket, service);
  const send = (code: number, ...fields: Buffer[]) =>
    socket.push(encodeFrame(0, 0, encodeDescribed(code, encodeList(fields))));
  return { socket, connection, send, sent, drain: () => written() };
}

test('a client that reads no answers is not read from until it does', async () => {
  const { socket, connection, send, drain } = served();
  socket.push(protocolHeader(0));
  send(0x10, encodeString('me'));
  send(0x11, NULL, encodeUint(0), encodeUint(1000), encodeUint(1000));
  const window = [encodeUint(0), encodeUint(1000), encodeUint(0), encodeUint(1000)];
  const echo = [NULL, NULL, NULL, NULL, NULL, encodeBoolean(true)];
  for (let n = 0; n < 400_000 && !socket.isPaused(); n++) {
    send(0x13, ...window, ...echo);
    if (n % 1000 === 0) await turn();
  }
  assert.ok(socket.isPaused());
  assert.ok(connection.backlog < 9 * 1024 * 1024, `${connection.backlog} bytes wait`);
  while (connection.backlog > 0) {
    drain();
    await turn();
  }
  assert.equal(socket.isPaused(), false);
  socket.destroy();
});

test('a connection that is never opened is given up after a silence', (t) => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
  t.onTestFinished(() => {
    vi.useRealTimers();
  });
  const { socket } = served();
  vi.advanceTimersByTime(119_000);
  assert.equal(socket.destroyed, false);
  vi.advanceTimersByTime(30_000);
  assert.equal(socket.destroyed, true);
});

test('a bug closes the connection on which it shows, and is told', async () => {
  const report = vi.spyOn(console, 'error').mockImplementation(() => {});
  const { socket, send, sent, drain } = served({
    ...SERVICE,
    openIncoming: () => {
      throw new Error('a bug');
    },
  });
  socket.push(protocolHeader(0));
  send(0x10, encodeString('me'));
  send(0x11, NULL, encodeUint(0), encodeUint(1000), encodeUint(1000));
  send(0x12, encodeString('x'), encodeUint(0), encodeBoolean(false));
  await turn();
  drain();
  assert.match(String(report.mock.calls[0]![1]), /a bug/);
  assert.ok(Buffer.concat(sent).includes('amqp:internal-error'));
  socket.destroy();
});
