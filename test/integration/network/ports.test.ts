/** Ports of the host, really taken and really carried, on a host of its own. */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { forgetConnections } from '../../../src/kernel/netlink/conntrack.ts';
import type { PublishedAt } from '../../../src/network/ports/published.ts';
import { type PortRequest, requestedPorts } from '../../../src/network/ports/requests.ts';
import { PortTable } from '../../../src/network/ports/table.ts';
import { moveToPrivateHost, run } from '../../support/network.ts';

beforeAll(moveToPrivateHost);

const target = { ipv4: '127.0.0.1' };
const servers: { close(): unknown }[] = [];
let table: PortTable;

afterEach(() => {
  table?.release(table.all());
  for (const server of servers.splice(0)) server.close();
});

function ask(HostPort: string, HostIp = '', protocol = 'tcp', containerPort = 80): PortRequest[] {
  const PortBindings = { [`${containerPort}/${protocol}`]: [{ HostIp, HostPort }] };
  return requestedPorts({ PortBindings, PublishAllPorts: false }, null);
}

async function listen(port: number, host: string): Promise<Server> {
  const server = createServer((socket) => socket.end('another program'));
  servers.push(server);
  await once(server.listen({ port, host, ipv6Only: true }), 'listening');
  return server;
}

const descriptors = () => readdirSync('/proc/self/fd').length;
const refused = (action: () => unknown) => {
  try {
    action();
    return 'taken';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('a port that is claimed', () => {
  test('is no other container’s, in docker’s words, and is free again once it is released', () => {
    table = new PortTable();
    const before = descriptors();
    const claimed = table.claim(ask('8080'), target);
    expect(claimed).toEqual(
      ['0.0.0.0', '::'].map((hostIp) => ({
        ...{ protocol: 'tcp', containerPort: 80, hostPort: 8080, hostIp },
      })),
    );
    expect(refused(() => table.claim(ask('8080', '127.0.0.1'), target))).toBe(
      'Bind for 127.0.0.1:8080 failed: port is already allocated',
    );
    expect(table.claim(ask('8080', '', 'udp'), target)).toHaveLength(2);
    table.release(table.all());
    expect(descriptors()).toBe(before);
    expect(table.claim(ask('8080', '127.0.0.1'), target)).toHaveLength(1);
  });

  test('is no other program’s, though nobody listens', async () => {
    table = new PortTable();
    table.claim(ask('8080', '0.0.0.0'), target);
    await expect(listen(8080, '0.0.0.0')).rejects.toThrow('EADDRINUSE');
    await expect(listen(8080, '127.0.0.1')).rejects.toThrow('EADDRINUSE');
    const client = connect(8080, '127.0.0.1');
    await expect(once(client, 'connect')).rejects.toThrow('ECONNREFUSED');
  });

  test('that is another program’s is refused, and nothing of the claim is held', async () => {
    table = new PortTable();
    await listen(8081, '127.0.0.1');
    const before = descriptors();
    const requests = [...ask('8080'), ...ask('8081', '', 'tcp', 81)];
    expect(refused(() => table.claim(requests, target))).toBe(
      'failed to bind host port for 0.0.0.0:8081:127.0.0.1:81/tcp: address already in use',
    );
    expect(table.all()).toEqual([]);
    expect(descriptors()).toBe(before);
    expect(refused(() => table.claim(ask('80', '203.0.113.1'), target))).toContain(
      'cannot assign requested address',
    );
  });

  test('may have old connections of who had it before', async () => {
    const server = await listen(8082, '127.0.0.1');
    const client = connect(8082, '127.0.0.1').resume();
    await once(client, 'close');
    server.close();
    expect(run('cat', '/proc/self/net/tcp')).toContain(':1F92');
    table = new PortTable();
    expect(refused(() => table.claim(ask('8082'), target))).toBe('taken');
  });

  test('of a range is the first that is free, the same at both addresses', async () => {
    table = new PortTable();
    await listen(9001, '::1');
    const ports = Array.from({ length: 3 }, () => table.claim(ask('9000-9003'), target));
    expect(ports.map((claimed) => claimed.map(({ hostPort }) => hostPort))).toEqual([
      [9000, 9000],
      [9002, 9002],
      [9003, 9003],
    ]);
    expect(refused(() => table.claim(ask('9000-9003'), target))).toContain('9003');
  });

  test('at random is in the range, and no port comes twice before all have come', () => {
    table = new PortTable(() => [5000, 5009]);
    const next = () => table.claim(ask('', '0.0.0.0'), target)[0];
    const first = next();
    table.release([first as PublishedAt]);
    const ports = Array.from({ length: 10 }, next).map((port) => port?.hostPort);
    expect(new Set(ports).size).toBe(10);
    expect(ports[0]).not.toBe(first?.hostPort);
    expect(refused(next)).toContain('port is already allocated');
  });

  test('without a choice goes before one that has any', () => {
    table = new PortTable(() => [5000, 5001]);
    const claimed = table.claim([...ask('', '0.0.0.0'), ...ask('5000', '0.0.0.0')], target);
    expect(claimed.map(({ hostPort }) => hostPort)).toEqual([5000, 5001]);
  });

  test('is held again after a restart; one that was taken meanwhile is told', async () => {
    table = new PortTable();
    const ports = table.claim([...ask('7000', '0.0.0.0'), ...ask('7001', '0.0.0.0')], target);
    table.release(ports);
    await listen(7001, '0.0.0.0');
    const lost = table.restore(ports.map((port) => ({ ...port, ...target })));
    expect(lost.map(({ hostPort }) => hostPort)).toEqual([7001]);
    expect(table.all()).toHaveLength(2);
    expect(refused(() => table.claim(ask('7001'), target))).toContain('already allocated');
  });
});

describe('what comes by IPv6', () => {
  test('is carried, both ways and to its end', async () => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      let text = '';
      socket.on('data', (data) => {
        text += data;
      });
      // It answers only once the sender has ended, and a lot.
      socket.on('end', () => socket.end(text.toUpperCase().repeat(50_000)));
    });
    servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    table = new PortTable();
    const before = descriptors();
    const [claimed] = table.claim(ask('6000', '::', 'tcp', port), target);
    table.listen(claimed as PublishedAt);
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const client = connect({ port: 6000, host: '::1', allowHalfOpen: true });
        client.end('word ');
        let length = 0;
        for await (const data of client) length += data.length;
        return length;
      }),
    );
    expect(answers).toEqual(Array.from({ length: 20 }, () => 250_000));
    table.release(table.all());
    await expect.poll(descriptors).toBe(before - 1);
  });

  test('is closed when nobody answers inside', async () => {
    table = new PortTable();
    const [claimed] = table.claim(ask('6001', '::1', 'tcp', 1), target);
    table.listen(claimed as PublishedAt);
    const client = connect(6001, '::1').resume();
    client.on('error', () => undefined);
    await once(client, 'close');
  });

  test('as datagrams is answered to who sent it', async () => {
    const echo = createSocket('udp4');
    servers.push(echo);
    echo.on('message', (message, from) =>
      echo.send(`you said ${message}`, from.port, from.address),
    );
    await once(echo.bind(0, '127.0.0.1'), 'listening');
    table = new PortTable();
    const [claimed] = table.claim(ask('6002', '::', 'udp', echo.address().port), target);
    table.listen(claimed as PublishedAt);
    const said = await Promise.all(
      ['one', 'two', 'three'].map(async (word) => {
        const client = createSocket('udp6');
        servers.push(client);
        client.send(word, 6002, '::1');
        const [message] = await once(client, 'message');
        return String(message);
      }),
    );
    expect(said).toEqual(['you said one', 'you said two', 'you said three']);
  });
});

test('connections to one port are forgotten, and no others', async () => {
  run('nft', 'add table inet t; add chain inet t c { type filter hook output priority 0; }');
  run('nft', 'add rule inet t c ct state new accept');
  const sender = createSocket('udp4');
  servers.push(sender);
  await once(sender.bind(0, '127.0.0.1'), 'listening');
  const send = (port: number) =>
    new Promise((resolve) => sender.send('x', port, '127.0.0.1', resolve));
  await send(53);
  await send(54);
  await send(55);
  const forget = (protocol: 'udp' | 'tcp', ...ports: number[]) =>
    forgetConnections(protocol, new Set(ports));
  expect([forget('tcp', 53), forget('udp', 53), forget('udp', 53)]).toEqual([0, 1, 0]);
  expect([forget('udp'), forget('udp', 54, 55, 56), forget('udp', 54, 55)]).toEqual([0, 2, 0]);
  run('nft', 'delete', 'table', 'inet', 't');
});

test('a socket that is claimed does not reach programs that are started', async () => {
  table = new PortTable();
  table.claim(ask('8090', '0.0.0.0'), target);
  const child = spawn('sleep', ['100'], { stdio: 'ignore' });
  servers.push({ close: () => child.kill('SIGKILL') });
  await once(child, 'spawn');
  expect(run('ls', '-l', `/proc/${child.pid}/fd`)).not.toContain('socket:');
});
