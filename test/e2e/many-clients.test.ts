/** Clients that stall, and clients that vanish: the container does not notice, and nothing of them stays. */
import { createHash, randomInt } from 'node:crypto';
import { readdirSync, readlinkSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { unframe } from '../support/api-suite.ts';
import { diffCensus } from '../support/census.ts';
import { DockerSuite } from '../support/docker.ts';
import { Draw, type Place, places, vanish } from '../support/vanishing.ts';

const suite = new DockerSuite();
const tcp = 'Connection: Upgrade\r\nUpgrade: tcp\r\n';
const post = (path: string, more = tcp) => `POST ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

async function create(command: string[], config: object = {}, logs: object = {}): Promise<string> {
  const HostConfig = { NetworkMode: 'none', LogConfig: { Type: 'json-file', Config: logs } };
  const body = { Image: 'busybox', Cmd: command, ...config, HostConfig };
  const { text } = await suite.engine.api('POST', '/containers/create', body);
  return (JSON.parse(text) as { Id: string }).Id;
}

describe('20 clients that have stopped reading', () => {
  const STALLED = 20;
  const BYTES = 30_000_000;
  const script = `yes ${'x'.repeat(71)} | head -c ${BYTES}`;

  /** One that is attached and reads nothing after the head. */
  async function stalled(id: string): Promise<Socket> {
    const socket = createConnection(suite.engine.socket);
    socket.on('error', () => undefined);
    socket.write(post(`/containers/${id}/attach?stream=1&stdout=1&stderr=1`));
    await new Promise((seen) => socket.once('data', seen));
    socket.pause();
    return socket;
  }

  /** Runs the container to its end. @returns how long it wrote, and its clients, which have still to read */
  async function write(count: number): Promise<{ ms: number; clients: Socket[] }> {
    const id = await create(['sh', '-c', script]);
    const clients = await Promise.all(Array.from({ length: count }, () => stalled(id)));
    await suite.engine.api('POST', `/containers/${id}/start`);
    await suite.engine.api('POST', `/containers/${id}/wait`);
    const { State } = await suite.get<{ State: { StartedAt: string; FinishedAt: string } }>(
      `/containers/${id}/json`,
    );
    return { ms: Date.parse(State.FinishedAt) - Date.parse(State.StartedAt), clients };
  }

  it('do not slow the container; each is still given all, or is dropped', async () => {
    const alone: number[] = [];
    const watched: number[] = [];
    let clients: Socket[] = [];
    for (let turn = 0; turn < 3; turn++) {
      for (const socket of clients) socket.destroy();
      alone.push((await write(0)).ms);
      const ran = await write(STALLED);
      watched.push(ran.ms);
      clients = ran.clients;
    }
    // The best of three: others on the machine slow single ones.
    expect(Math.min(...watched) / Math.min(...alone)).toBeLessThan(2);
    const [leaving, reading] = [clients.slice(0, STALLED / 2), clients.slice(STALLED / 2)];
    for (const socket of leaving) socket.destroy();
    const expected = createHash('sha256').update(
      `${'x'.repeat(71)}\n`.repeat(BYTES / 72 + 1).slice(0, BYTES),
    );
    const digest = expected.digest('hex');
    for (const socket of reading) {
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk as Buffer);
      const { 1: text = '' } = unframe(Buffer.concat(chunks));
      expect(createHash('sha256').update(text).digest('hex')).toBe(digest);
    }
  });
});

describe('clients that vanish', () => {
  /** `PETRI_TEST_VANISHING` clients, 10,000 unless told. */
  const COUNT = Number(process.env.PETRI_TEST_VANISHING ?? 10_000);
  /** Fewer than the 64 that a shim takes, so that none is turned away. */
  const AT_ONCE = 40;
  const all = 'stream=1&stdin=1&stdout=1&stderr=1';

  const websocket = (path: string) =>
    get(path).replace(/\r\n$/, '') +
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
  const wait = 'wait?condition=next-exit';

  /** One that prints all the time, one that runs and is silent, one that is not started. */
  interface Containers {
    talker: string;
    silent: string;
    created: string;
  }

  /** The head that a client of each kind sends. */
  const kinds: Record<string, (containers: Containers) => Promise<string> | string> = {
    attach: ({ talker }) => post(`/containers/${talker}/attach?${all}&logs=1`),
    'attach, the old form': ({ talker }) => post(`/containers/${talker}/attach?${all}`, ''),
    'attach over a websocket': ({ talker }) => websocket(`/containers/${talker}/attach/ws?${all}`),
    'attach to silence': ({ silent }) => post(`/containers/${silent}/attach?${all}`),
    'a websocket to silence': ({ silent }) => websocket(`/containers/${silent}/attach/ws?${all}`),
    'attach before the start': ({ created }) => post(`/containers/${created}/attach?${all}`),
    'a websocket before it': ({ created }) => websocket(`/containers/${created}/attach/ws?${all}`),
    'logs -f': ({ talker }) => get(`/containers/${talker}/logs?follow=1&stdout=1&stderr=1`),
    'exec start': async ({ silent }) => {
      const streams = { AttachStdin: true, AttachStdout: true };
      const body = { Cmd: ['sh', '-c', 'echo up; exec cat'], ...streams };
      const { text } = await suite.engine.api('POST', `/containers/${silent}/exec`, body);
      const { Id } = JSON.parse(text) as { Id: string };
      const more = `${tcp}Content-Type: application/json\r\nContent-Length: 2\r\n`;
      return `${post(`/exec/${Id}/start`, more)}{}`;
    },
    events: () => get('/events'),
    wait: ({ talker }) => post(`/containers/${talker}/${wait}`, ''),
    'wait for a start': ({ created }) => post(`/containers/${created}/${wait}`, ''),
    stats: ({ talker }) => get(`/containers/${talker}/stats`),
  };

  /** What each descriptor of the container's shim is. */
  async function shimDescriptors(id: string): Promise<string[]> {
    const pid = await suite.inspect('{{.State.Pid}}', id);
    const { stdout } = await suite.shell(`ps -o ppid= -p ${pid}`);
    const dir = `/proc/${stdout.trim()}/fd`;
    return readdirSync(dir)
      .map((fd) => readlinkSync(`${dir}/${fd}`).replace(/:\[\d+\]$/, ''))
      .sort();
  }

  it(`${COUNT} at random places leave no descriptor, process or waiter, and the engine answers`, async () => {
    const draw = new Draw(Number(process.env.PETRI_TEST_SEED ?? randomInt(1, 2 ** 31)));
    const talk = 'while :; do echo tick; usleep 3000; done';
    const open = { OpenStdin: true };
    const talker = await create(['sh', '-c', talk], open, { 'max-size': '64k' });
    const silent = await create(['sleep', '1000'], open);
    const created = await create(['sleep', '1000'], open);
    const running = [talker, silent];
    for (const id of running) await suite.engine.api('POST', `/containers/${id}/start`);
    const shims = () => Promise.all(running.map(shimDescriptors));
    const before = { census: await suite.census(), shims: await shims() };
    const gone: Record<string, number> = {};
    let left = COUNT;
    const lane = async () => {
      while (left > 0) {
        left--;
        const [kind, place] = [draw.of(Object.keys(kinds)), draw.of<Place>(places)];
        const head = (await kinds[kind]?.({ talker, silent, created })) ?? '';
        await vanish(suite.engine.socket, head, place, draw);
        gone[kind] = (gone[kind] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    const context = `seed ${draw.seed}: ${JSON.stringify(gone)}`;
    const more = async () =>
      diffCensus(before.census, await suite.census()).filter(
        ({ change, kind }) => change === 'more' && kind !== 'files',
      );
    await expect.poll(more, { message: context, timeout: 20_000 }).toEqual([]);
    await expect.poll(shims, { message: context, timeout: 20_000 }).toEqual(before.shims);
    expect((await suite.docker('exec', silent, 'echo', 'well')).stdout, context).toBe('well\n');
    expect((await suite.docker('logs', '--tail', '1', talker)).stdout, context).toBe('tick\n');
    expect(await suite.inspect('{{.State.Running}}', talker), context).toBe('true');
  });
});
