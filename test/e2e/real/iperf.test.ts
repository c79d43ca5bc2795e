/** iperf3 between two containers, and from the host to one, published and not: streams and datagrams, both ways. */
import { afterEach, describe, expect, test } from 'vitest';
import { type Client, clients } from '../../support/compatibility.ts';
import { freePort } from '../../support/free-port.ts';
import { RealSuite } from '../../support/real.ts';
import { servers } from '../../support/services.ts';

const suite = new RealSuite();
afterEach(async () => {
  await suite.removeContainers();
  await suite.docker('network', 'rm', 'back');
});

const BYTES = 200_000_000;
const DATAGRAMS = 2000;

/** What iperf3 --json tells at its end. */
interface Sums {
  sum_sent: { bytes: number };
  sum_received: { bytes: number };
  sum: { packets: number; lost_packets: number };
}

describe.each(clients)('by %s', (client) => {
  test('from another container by name, from the host by address and by published port', async () => {
    const port = await freePort();
    const address = await suite.script(
      client,
      `$D network create back >/dev/null
       $D run -d --name server --network back -p 127.0.0.1:${port}:5201 -p 127.0.0.1:${port}:5201/udp \\
         services sh -c '${servers.iperf}' >/dev/null
       wait_for sh -c '$D logs server | grep -q "listening on 5201"'
       $D inspect -f '{{.NetworkSettings.Networks.back.IPAddress}}' server`,
    );
    const ways = ['back server', `host ${address}`, `host 127.0.0.1 --port ${port}`];
    for (const way of ways) {
      for (const direction of ['', '--reverse']) {
        const sent = await measure(client, `${way} --bytes ${BYTES} ${direction}`);
        // What is under way when the sender has had enough is not counted.
        expect(sent.sum_received.bytes, way).toBeGreaterThan(BYTES / 2);
        const { sum } = await measure(client, `${way} ${UDP} ${direction}`);
        // Of a busy machine's few are lost.
        expect(sum.packets - sum.lost_packets, way).toBeGreaterThan(DATAGRAMS / 2);
      }
    }
  });
});

const UDP = `--udp --bitrate 20M --length 1000 --blockcount ${DATAGRAMS}`;

/** @param words the network, and what iperf3's client is told; on the host's network it is a client on the host */
async function measure(client: Client, words: string): Promise<Sums> {
  const [network, ...rest] = words.split(' ');
  const told = await suite.script(
    client,
    `$D run --rm --network ${network} services iperf3 --json --client ${rest.join(' ')}`,
  );
  return (JSON.parse(told) as { end: Sums }).end;
}
