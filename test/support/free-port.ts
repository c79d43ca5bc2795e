/** A port of loopback that nobody has, for a container to be published on. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** It is free when the promise resolves, and nothing keeps it so. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
