/** A way to a server on loopback that breaks: connections on which much is sent are cut in the middle. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface CuttingProxy {
  port: number;
  /** How many connections it has cut. */
  cuts(): number;
  close(): Promise<void>;
}

/** @param choice how many connections are cut, and after how many bytes from the client */
export async function cuttingProxy(
  to: number,
  choice: { cuts: number; afterBytes: number },
): Promise<CuttingProxy> {
  const open = new Set<Socket>();
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = connect(to, '127.0.0.1');
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
    let bytes = 0;
    client.on('data', (chunk) => {
      bytes += chunk.length;
      if (bytes <= choice.afterBytes || cuts >= choice.cuts) return;
      cuts++;
      client.resetAndDestroy();
    });
    client.pipe(upstream).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    cuts: () => cuts,
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
