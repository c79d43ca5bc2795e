/** `GET /containers/{id}/attach/ws` by a real websocket client over the engine's socket. */
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { ApiSuite } from '../support/api-suite.ts';

const suite = new ApiSuite();
const all = 'stream=1&stdin=1&stdout=1&stderr=1';
const handshake =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

let id = '';
afterEach(() => suite.remove(id));

/** A client that keeps what it is sent. */
class Client {
  readonly messages: Buffer[] = [];
  readonly binary: boolean[] = [];

  private constructor(readonly websocket: WebSocket) {
    websocket.on('message', (bytes: Buffer, isBinary) => {
      this.messages.push(bytes);
      this.binary.push(isBinary);
    });
  }

  static async attach(query: string, version = ''): Promise<Client> {
    const path = `${version}/containers/${id}/attach/ws?${query}`;
    const client = new Client(new WebSocket(`ws+unix://${suite.socketPath}:${path}`));
    await once(client.websocket, 'open');
    return client;
  }
  get text(): string {
    return Buffer.concat(this.messages).toString();
  }
  /** The test's own time limit ends a wait in vain. */
  async shows(text: string): Promise<void> {
    while (!this.text.includes(text)) await once(this.websocket, 'message');
  }
  /** @returns the status of the close frame */
  async closes(): Promise<number> {
    const [status] = (await once(this.websocket, 'close')) as [number];
    return status;
  }
}

describe('attach over a websocket', () => {
  test('before the start hears all of both streams, without frames, and then is closed', async () => {
    id = await suite.create(['sh', '-c', 'echo out; echo err >&2; seq 1 100000']);
    const client = await Client.attach(all);
    expect(await suite.post(`/containers/${id}/start`)).toBe(204);
    expect(await client.closes()).toBe(1000);
    // The two streams meet anywhere.
    expect(client.text.replace('out\n', '').replace('err\n', '')).toBe(
      Array.from({ length: 100_000 }, (_, i) => `${i + 1}\n`).join(''),
    );
    expect(new Set(client.binary)).toEqual(new Set([true]));
  });

  test('sends the program what it is sent, as text or as bytes; its close is the end of it', async () => {
    id = await suite.create(['cat'], { OpenStdin: true, StdinOnce: true });
    await suite.post(`/containers/${id}/start`);
    const client = await Client.attach(all);
    client.websocket.send('text ');
    client.websocket.send(Buffer.from([0, 0xff, 0x0a]));
    await client.shows('\n');
    expect(Buffer.concat(client.messages)).toEqual(Buffer.from('text \0\xff\n', 'latin1'));
    client.websocket.close();
    await suite.post(`/containers/${id}/wait`);
    expect((await suite.inspect(id)).State).toMatchObject({ Running: false, ExitCode: 0 });
  });

  test('shows the streams asked for; before API 1.42 all of them, asked or not', async () => {
    id = await suite.create(['sh', '-c', 'echo out; echo err >&2; exec sleep 60']);
    await suite.post(`/containers/${id}/start`);
    const one = await Client.attach('logs=1&stream=1&stderr=1', '/v1.42');
    await one.shows('err\n');
    const old = await Client.attach('logs=1&stream=1&stderr=1', '/v1.41');
    await old.shows('out\n');
    await old.shows('err\n');
    expect(one.text).toBe('err\n');
    for (const { websocket } of [one, old]) websocket.terminate();
  });

  test('of the log alone ends with it', async () => {
    id = await suite.create(['echo', 'said']);
    await suite.post(`/containers/${id}/start`);
    await suite.post(`/containers/${id}/wait`);
    const client = await Client.attach('logs=1&stdout=1');
    expect(await client.closes()).toBe(1000);
    expect(client.text).toBe('said\n');
  });

  test('leaves a terminal by its keys', async () => {
    id = await suite.create(['sh'], { OpenStdin: true, Tty: true });
    await suite.post(`/containers/${id}/start`);
    const client = await Client.attach(`${all}&detachKeys=a,b`);
    client.websocket.send('echo $((6*7))\n');
    await client.shows('42');
    const actions = suite.actionsOf(id);
    client.websocket.send('a');
    client.websocket.send('b');
    expect(await client.closes()).toBe(1000);
    expect((await suite.inspect(id)).State.Running).toBe(true);
    expect(actions).toEqual(['detach']);
  });

  test('by a client that is gone without a word, or sends what is too large, leaves nothing', async () => {
    id = await suite.create(['cat'], { OpenStdin: true });
    const waits = await Client.attach(all);
    const { pendingAttaches } = suite.engine.containers.find(id);
    expect(pendingAttaches.size).toBe(1);
    waits.websocket.terminate();
    await expect.poll(() => pendingAttaches.size).toBe(0);
    await suite.post(`/containers/${id}/start`);
    const large = await Client.attach(all);
    large.websocket.send(Buffer.alloc((1 << 20) + 1));
    expect(await large.closes()).toBe(1009);
    expect((await suite.inspect(id)).State.Running).toBe(true);
  });

  test.each([
    ['of a web page', `${handshake}Origin: http://localhost\r\n`, 403, 'Origin'],
    ['without a key', handshake.replace(/Sec-WebSocket-Key.*\r\n/, ''), 400, 'Sec-WebSocket-Key'],
    ['of another version', handshake.replace('13', '12'), 400, 'Sec-WebSocket-Version'],
    ['for another protocol', handshake.replace('websocket', 'tcp'), 400, 'Upgrade'],
    ['without an upgrade', '', 400, 'upgrade'],
  ])('%s is refused, and nothing is attached', async (_, lines, status, words) => {
    id = await suite.create(['cat'], { OpenStdin: true });
    const actions = suite.actionsOf(id);
    const { socket, head, rest } = await suite.open(
      'GET',
      `/containers/${id}/attach/ws?${all}`,
      lines,
    );
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(JSON.parse(String(rest))).toMatchObject({ message: expect.stringContaining(words) });
    expect(actions).toEqual([]);
    expect(suite.engine.containers.find(id).pendingAttaches.size).toBe(0);
    socket.destroy();
  });
});
