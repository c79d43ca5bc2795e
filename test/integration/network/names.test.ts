/** The name service in a network of its own: asked by dig and nslookup from inside, and asking servers outside. */
import { execFile, spawn } from 'node:child_process';
import type { Socket } from 'node:dgram';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { type Answer, type DecodedPacket, decode, encode, type Packet } from 'dns-packet';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { close } from '../../../src/kernel/files.ts';
import { processIdentity } from '../../../src/kernel/pidfd.ts';
import type { SeenNetwork } from '../../../src/network/names/answer.ts';
import { reopenNameSockets } from '../../../src/network/names/reopen.ts';
import { NameService } from '../../../src/network/names/service.ts';
import type { Result } from '../../../src/step/step.ts';
import {
  openContainerNetwork,
  socketIn,
  startUpstream,
  type Told,
  type Upstream,
} from '../../support/name-servers.ts';
import { moveToPrivateHost } from '../../support/network.ts';

const UPSTREAM = '127.0.0.53';
const tidying: (() => void)[] = [];

beforeAll(moveToPrivateHost);
afterEach(() => {
  for (const tidy of tidying.splice(0).toReversed()) tidy();
});

interface Container {
  service: NameService;
  netns: number;
}

function open(
  networks: SeenNetwork[] = [{ id: 'f', name: 'front', internal: false }],
  servers: string[] = [UPSTREAM],
): Container {
  const service = new NameService({ warn: (about: unknown) => console.error(about) });
  const { netns, sockets } = openContainerNetwork();
  tidying.push(() => {
    service.close();
    close(netns);
  });
  service.names.add('f', { endpointId: 'e', names: ['web', 'www'], ipv4: '10.1.0.2' });
  service.serve({ id: 'c', networks: () => networks, servers: () => servers }, sockets);
  return { service, netns };
}

async function upstream(...args: Parameters<typeof startUpstream>): Promise<Upstream> {
  const started = await startUpstream(...args);
  tidying.push(() => started.close());
  return started;
}

const address = (name: string, data: string): Told => ({
  answers: [{ type: 'A', class: 'IN', name, ttl: 60, data }],
});

/** Runs a command in the container's network, while the name service goes on here. */
function inside({ netns }: Container, ...command: string[]): Promise<string> {
  const path = `/proc/${process.pid}/fd/${netns}`;
  return new Promise((resolve) => {
    execFile('nsenter', [`--net=${path}`, ...command], (_, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
}

function dig(container: Container, ...words: string[]): Promise<string> {
  return inside(container, 'dig', '@127.0.0.11', '+tries=1', '+time=8', ...words);
}

/** What this process is answered when it asks in the container's network. */
function asking(container: Container): {
  ask: (name: string, more?: Packet) => Promise<DecodedPacket>;
  socket: Socket;
} {
  const socket = socketIn(container.netns);
  tidying.push(() => socket.close());
  const waiting = new Map<number, (packet: DecodedPacket) => void>();
  socket.on('message', (bytes) => {
    const packet = decode(bytes);
    waiting.get(packet.id ?? -1)?.(packet);
    waiting.delete(packet.id ?? -1);
  });
  let last = 0;
  const ask = (name: string, more: Packet = {}) =>
    new Promise<DecodedPacket>((resolve) => {
      const id = ++last & 0xffff;
      waiting.set(id, resolve);
      const questions: Packet['questions'] = [{ name, type: 'A', class: 'IN' }];
      socket.send(
        encode({ type: 'query', id, flags: 0x100, questions, ...more }),
        53,
        '127.0.0.11',
      );
    });
  return { ask, socket };
}

const rcodeOf = ({ flags = 0 }: DecodedPacket) => flags & 0xf;
const dataOf = ({ answers = [] }: DecodedPacket) =>
  answers.map((record: Answer) => (record as { data: unknown }).data);

describe('asked from inside', () => {
  test('by dig: names, reverse names, over UDP and TCP', async () => {
    const container = open();
    expect(await dig(container, '+short', 'web')).toBe('10.1.0.2\n');
    expect(await dig(container, '+short', '+tcp', 'WWW.front')).toBe('10.1.0.2\n');
    expect(await dig(container, '+short', '-x', '10.1.0.2')).toBe('web.front.\n');
    expect(await dig(container, 'web', 'AAAA')).toContain('status: NOERROR');
    const whole = await dig(container, 'web');
    expect(whole).toContain(';; SERVER: 127.0.0.11#53(127.0.0.11) (UDP)');
    expect(whole).toMatch(/^web\.\s+600\s+IN\s+A\s+10\.1\.0\.2$/m);
    expect(whole).toMatch(/EDNS: version: 0, flags:; udp: 4096/);
  });

  test('by busybox', async () => {
    const container = open();
    expect(await inside(container, 'busybox', 'nslookup', 'web', '127.0.0.11')).toContain(
      'Address: 10.1.0.2',
    );
  });

  test('for a name of 200 containers: truncated over UDP, then all of them over TCP', async () => {
    const container = open();
    for (let n = 0; n < 200; n++)
      container.service.names.add('f', {
        endpointId: `p${n}`,
        names: ['pool'],
        ipv4: `10.1.1.${n}`,
      });
    const short = await dig(container, '+noedns', '+ignore', 'pool');
    expect(short).toMatch(/flags: qr tc rd/);
    const all = await dig(container, '+noedns', 'pool');
    expect(all).toContain('retrying in TCP mode');
    expect(all.match(/10\.1\.1\.\d+$/gm)).toHaveLength(200);
  });

  test('while a program in the container has port 53 itself', async () => {
    const container = open();
    const path = `/proc/${process.pid}/fd/${container.netns}`;
    const own = spawn('nsenter', [`--net=${path}`, 'busybox', 'nc', '-l', '-p', '53']);
    tidying.push(() => own.kill());
    await expect.poll(() => inside(container, 'ss', '-ltn')).toContain(':53');
    expect(await dig(container, '+short', '+tcp', 'web')).toBe('10.1.0.2\n');
  });

  test('without connection tracking', async () => {
    const container = open();
    await dig(container, '+short', 'web');
    const ruleset = await inside(container, 'nft', 'list', 'ruleset');
    expect(ruleset).toContain('udp dport 53 udp dport set');
    expect(ruleset).not.toMatch(/\bct\b|nat/);
  });
});

describe('asked for what is elsewhere', () => {
  test('asks the container’s server, and passes on what it says', async () => {
    const server = await upstream(UPSTREAM, (name) => address(name, '192.0.2.7'));
    const container = open();
    expect(await dig(container, '+short', 'Example.Org')).toBe('192.0.2.7\n');
    expect(await dig(container, '+short', '+tcp', 'example.net')).toBe('192.0.2.7\n');
    expect(await dig(container, '+short', '+dnssec', '+bufsize=1432', 'bare')).toBe('192.0.2.7\n');
    expect(server.asked.map(({ name, transport }) => `${name} ${transport}`)).toEqual([
      'Example.Org udp',
      'example.net tcp',
      'bare udp',
    ]);
    expect(server.asked[2]?.packet.additionals).toMatchObject([
      { udpPayloadSize: 1432, flag_do: true },
    ]);
  });

  test('passes on that a reply is truncated, and then asks over TCP', async () => {
    const server = await upstream(UPSTREAM, (name, transport) =>
      transport === 'udp' ? { flags: 0x0200 } : address(name, '192.0.2.8'),
    );
    expect(await dig(open(), 'long.example')).toMatch(/retrying in TCP mode[\s\S]*192\.0\.2\.8/);
    expect(server.asked.map(({ transport }) => transport)).toEqual(['udp', 'tcp']);
  });

  test('passes on that there is no such name', async () => {
    await upstream(UPSTREAM, () => ({ flags: 3 }));
    expect(await dig(open(), 'nowhere.example')).toContain('status: NXDOMAIN');
  });

  test('believes no reply with another number or another question', async () => {
    const forged = (query: Buffer) => {
      const { id = 0, questions = [] } = decode(query);
      const evil = [{ type: 'A', class: 'IN', name: 'bank.example', ttl: 60, data: '6.6.6.6' }];
      const answers = evil as Answer[];
      const other = [{ ...questions[0], name: 'bonk.example' }] as Packet['questions'];
      return [
        encode({ type: 'response', id: (id + 1) & 0xffff, questions, answers }),
        encode({ type: 'response', id, questions: other, answers }),
        encode({ type: 'query', id, questions, answers }),
        Buffer.from('x'),
      ];
    };
    await upstream(UPSTREAM, (name) => address(name, '192.0.2.9'), forged);
    expect(await dig(open(), '+short', 'bank.example')).toBe('192.0.2.9\n');
  });

  test('asks by another port and another number each time', async () => {
    const server = await upstream(UPSTREAM, (name) => address(name, '192.0.2.9'));
    const { ask } = asking(open());
    for (let n = 0; n < 20; n++) await ask(`n${n}.example`);
    const distinct = (of: (asked: Upstream['asked'][number]) => unknown) =>
      new Set(server.asked.map(of)).size;
    expect(distinct(({ packet }) => packet.id)).toBeGreaterThan(18);
    expect(distinct(({ port }) => port)).toBeGreaterThan(15);
  });

  test('asks the next one when a server refuses, fails, is not there or says nothing', async () => {
    await upstream('127.0.0.61', () => ({ flags: 5 }));
    await upstream('127.0.0.62', () => 'silence');
    await upstream(UPSTREAM, (name) => address(name, '192.0.2.10'));
    for (const first of ['127.0.0.61', '127.0.0.62', '127.0.0.63']) {
      const container = open(undefined, [first, UPSTREAM]);
      expect(await dig(container, '+short', 'a.example')).toBe('192.0.2.10\n');
    }
    const container = open(undefined, ['127.0.0.62', UPSTREAM]);
    expect(await dig(container, '+short', '+tcp', 'a.example')).toBe('192.0.2.10\n');
  });

  test('says SERVFAIL when nobody answers, and passes the refusal on when all refuse', async () => {
    await upstream('127.0.0.61', () => ({ flags: 5 }));
    expect(await dig(open(undefined, ['127.0.0.63']), 'a.example')).toContain('SERVFAIL');
    expect(await dig(open(undefined, []), 'a.example')).toContain('SERVFAIL');
    expect(await dig(open(undefined, ['127.0.0.61']), 'a.example')).toContain('REFUSED');
  });

  test('asks nobody for a container on internal networks alone', async () => {
    const server = await upstream(UPSTREAM, (name) => address(name, '192.0.2.7'));
    const container = open([{ id: 'f', name: 'front', internal: true }]);
    expect(await dig(container, '+short', 'web')).toBe('10.1.0.2\n');
    expect(await dig(container, 'example.org')).toContain('SERVFAIL');
    expect(await dig(container, '+tcp', 'example.org')).toContain('SERVFAIL');
    expect(server.asked).toEqual([]);
  });

  test('holds back more than 1024 questions at once, and none of its own names', async () => {
    let isDeaf = true;
    const server = await upstream(UPSTREAM, (name) =>
      isDeaf ? 'silence' : address(name, '192.0.2.11'),
    );
    const container = open();
    const { ask } = asking(container);
    const codes: number[] = [];
    for (let n = 0; n < 1100; n++) {
      void ask(`n${n}.example`).then((packet) => codes.push(rcodeOf(packet)));
      // A socket holds a few hundred datagrams: the service keeps up with these.
      if (n % 50 === 0) await ask('web');
    }
    await expect.poll(() => codes.length).toBe(1100 - 1024);
    expect(new Set(codes)).toEqual(new Set([2]));
    expect(dataOf(await ask('web'))).toEqual(['10.1.0.2']);
    expect(server.asked.length).toBeLessThanOrEqual(1024);
    isDeaf = false;
    // Their places come back when the server has not answered in time.
    const again = () => dig(container, '+short', 'again.example');
    await expect.poll(again, { timeout: 20_000 }).toBe('192.0.2.11\n');
  });
});

describe('asked by an enemy', () => {
  test('bytes that are no question, and replies, change nothing', async () => {
    const container = open();
    const { ask, socket } = asking(container);
    for (let n = 0; n < 200; n++) {
      const noise = Buffer.from(Array.from({ length: n }, () => Math.floor(Math.random() * 256)));
      socket.send(noise, 53, '127.0.0.11');
    }
    expect(dataOf(await ask('web'))).toEqual(['10.1.0.2']);
  });

  test('connections that say nothing, half a question, or do not listen hold up nobody', async () => {
    const container = open();
    const path = `/proc/${process.pid}/fd/${container.netns}`;
    const script = `import socket,time
idle=[socket.create_connection(("127.0.0.11",53)) for _ in range(40)]
for s in idle[:20]: s.send(b"\\xff\\xffxx")
q=b"\\0\\x15\\1\\2\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\3web\\0\\0\\1\\0\\1"
deaf=idle[-1]; deaf.setblocking(False)
try:
  while True: deaf.send(q*1000)
except BlockingIOError: print("deaf",flush=True)
time.sleep(60)`;
    const enemy = spawn('nsenter', [`--net=${path}`, 'python3', '-c', script]);
    tidying.push(() => enemy.kill());
    await new Promise((said) => enemy.stdout.once('data', said));
    expect(await dig(container, '+short', '+tcp', 'web')).toBe('10.1.0.2\n');
    expect(await dig(container, '+short', 'web')).toBe('10.1.0.2\n');
  });

  test('of 100 connections at once those above 64 are closed, and their places come back', async () => {
    const container = open();
    const count = `import socket,select
held=[socket.create_connection(("127.0.0.11",53)) for _ in range(100)]
gone=[]
while len(gone)<36 and (found:=select.select(held,[],[],5)[0]):
  gone+=found
  held=[s for s in held if s not in found]
print(len(gone), len(select.select(held,[],[],1)[0]))`;
    expect(await inside(container, 'python3', '-c', count)).toBe('36 0\n');
    await expect.poll(() => dig(container, '+short', '+tcp', 'web')).toBe('10.1.0.2\n');
  });
});

describe('its sockets', () => {
  test('close on exec, lie in the container’s network, and free it at once', () => {
    const results: Result[] = [];
    const { netns, sockets } = openContainerNetwork(results);
    for (const fd of [sockets.udp, sockets.tcp]) {
      expect(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')).toMatch(/flags:\s+02\d{6}$/m);
      close(fd);
    }
    close(netns);
    expect(results.every(({ ret, errno }) => ret >= 0 && errno === 0)).toBe(true);
  });

  test('are opened again by the next engine, which comes back to where it was', async () => {
    const container = open();
    const path = `/proc/${process.pid}/fd/${container.netns}`;
    const program = spawn('nsenter', [`--net=${path}`, 'sleep', '60']);
    tidying.push(() => program.kill());
    const pid = program.pid as number;
    const home = readlinkSync('/proc/self/ns/net');
    const ruleset = () => inside(container, 'nft', '-a', 'list', 'ruleset');
    const before = await ruleset();
    await expect.poll(() => readlinkSync(`/proc/${pid}/ns/net`)).not.toBe(home);
    container.service.stop('c');
    expect(await dig(container, 'web')).toMatch(/refused|no servers could be reached/);
    const sockets = reopenNameSockets(processIdentity(pid));
    if (!sockets) throw new Error('the program has ended');
    expect(readlinkSync('/proc/thread-self/ns/net')).toBe(home);
    const networks = [{ id: 'f', name: 'front', internal: false }];
    container.service.serve({ id: 'c', networks: () => networks, servers: () => [] }, sockets);
    expect(await dig(container, '+short', 'web')).toBe('10.1.0.2\n');
    expect(await ruleset()).toBe(before);
    // A program has taken the port meanwhile, or thrown the rules away: then there are others.
    for (const harm of ['busybox nc -l -p PORT', 'nft flush ruleset']) {
      container.service.stop('c');
      const [, port = ''] = /dport set (\d+)/.exec(await ruleset()) ?? [];
      const words = harm.replace('PORT', port).split(' ');
      const program = spawn('nsenter', [`--net=${path}`, ...words]);
      tidying.push(() => program.kill());
      await expect
        .poll(
          async () =>
            (await inside(container, 'ss', '-ltn')).includes(`:${port}`) ||
            (await ruleset()) === '',
        )
        .toBe(true);
      const others = reopenNameSockets(processIdentity(pid));
      if (!others) throw new Error('the program has ended');
      container.service.serve({ id: 'c', networks: () => networks, servers: () => [] }, others);
      expect(await dig(container, '+short', 'web')).toBe('10.1.0.2\n');
      expect((await ruleset()).match(/dport 53/g)).toHaveLength(2);
      expect(await ruleset()).not.toContain(`set ${port}`);
    }
    const identity = processIdentity(pid);
    expect(reopenNameSockets({ ...identity, startTicks: identity.startTicks + 1 })).toBeUndefined();
    expect(reopenNameSockets({ ...identity, bootId: 'another' })).toBeUndefined();
  });

  test('are not opened where the container has taken its loopback address away; nothing is left of the attempt', async () => {
    const container = open();
    container.service.stop('c');
    const path = `/proc/${process.pid}/fd/${container.netns}`;
    const program = spawn('nsenter', [`--net=${path}`, 'sleep', '60']);
    tidying.push(() => program.kill());
    const home = readlinkSync('/proc/self/ns/net');
    await expect.poll(() => readlinkSync(`/proc/${program.pid}/ns/net`)).not.toBe(home);
    await inside(container, 'ip', 'link', 'set', 'lo', 'down');
    await inside(container, 'ip', 'addr', 'flush', 'dev', 'lo');
    const descriptors = () => readdirSync('/proc/self/fd').length;
    const before = descriptors();
    expect(() => reopenNameSockets(processIdentity(program.pid as number))).toThrow('bind');
    expect(descriptors()).toBe(before);
    expect(readlinkSync('/proc/thread-self/ns/net')).toBe(home);
  });
});

test('answers 5,000 questions a second and more', async () => {
  const { ask } = asking(open());
  const round = async () => {
    const total = 5_000;
    const before = performance.now();
    let left = total;
    const one = async () => {
      while (left-- > 0) await ask('web');
    };
    await Promise.all(Array.from({ length: 32 }, one));
    return (total / (performance.now() - before)) * 1000;
  };
  const rates = [await round(), await round(), await round()];
  console.log(`answers a second, by one process that asks and answers: ${rates.map(Math.round)}`);
  expect(Math.max(...rates)).toBeGreaterThan(5_000);
});
