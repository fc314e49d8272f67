import { connect, createServer } from 'node:net';

const HOST = '127.0.0.1';

/** A port that a service wants, and how its user moves it elsewhere. */
export interface PortRequest {
  service: string;
  port: number;
  setting: string;
}

/** Returns the wanted port if it is free, a free one for port 0; else throws an error that says what to change. */
export async function claimPort({ service, port, setting }: PortRequest): Promise<number> {
  try {
    return await bindOnce(port);
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? 'is taken by another program' : error;
    throw new Error(
      `${service} can't listen on ${HOST}:${port}: the port ${reason}. ` +
        `Stop that program, or set ${setting} to another port.`,
    );
  }
}

/** Whether something accepts TCP connections on this port. */
export function portAnswers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: HOST });
    const answer = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}

function bindOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host: HOST, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : port));
    });
  });
}
