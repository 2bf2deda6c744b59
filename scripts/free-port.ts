import { createServer } from 'node:net';

/** Another program listens on the port. */
export class PortInUse extends Error {
  override readonly name = 'PortInUse';

  constructor(port: number) {
    super(
      `Port ${port} of 127.0.0.1 is in use. Stop what listens there, or choose another: npm start -- --port ${port + 1}`,
    );
  }
}

/**
 * A free port of 127.0.0.1: `wanted`, or any if it is 0.
 * @throws PortInUse
 */
export async function freePort(wanted: number): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new PortInUse(wanted) : error);
    });
    server.listen({ host: '127.0.0.1', port: wanted, exclusive: true }, resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('A TCP server has a port.');
  return address.port;
}
