/** Leaving a terminal by its keys, typed by a client that knows nothing of them: the engine ends its stream. */
import { afterEach, describe, expect, test } from 'vitest';
import {
  ApiSuite,
  type OpenStream,
  readToEnd,
  readUntil,
  upgradeToTcp,
} from '../support/api-suite.ts';

const suite = new ApiSuite();
const all = 'stream=1&stdin=1&stdout=1&stderr=1';
/** Shows what it reads as numbers: a terminal's own echo writes control characters as two. */
const reader = ['sh', '-c', 'stty raw -echo; echo ready; exec od -An -v -tx1 -w1'];

let id = '';
afterEach(() => suite.remove(id));

/** One that runs, with its terminal made raw. */
async function running(): Promise<void> {
  id = await suite.create(reader, { OpenStdin: true, Tty: true });
  expect(await suite.post(`/containers/${id}/start`)).toBe(204);
  const stream = await attach('&logs=1');
  await readUntil(stream, 'ready');
  stream.socket.destroy();
}

const attach = (query = '', form = upgradeToTcp) =>
  suite.open('POST', `/containers/${id}/attach?${all}${query}`, form);

/** Types each piece by a write of its own: sees each key before the next. */
async function type({ socket }: OpenStream, ...pieces: string[]): Promise<void> {
  for (const piece of pieces) await new Promise((sent) => socket.write(piece, sent));
}

describe('attach', () => {
  test.each([[upgradeToTcp], ['']])('ends by ^P ^Q, in the form %j', async (form) => {
    await running();
    const actions = suite.actionsOf(id);
    const stream = await attach('', form);
    await type(stream, 'a', '\x10', '\x11', 'b');
    expect(String(await readToEnd(stream))).not.toContain('62');
    expect((await suite.inspect(id)).State.Running).toBe(true);
    expect(actions).toEqual(['attach', 'detach']);
    const again = await attach('&logs=1');
    await type(again, 'c');
    const seen = await readUntil(again, '63');
    expect(seen.match(/\b\d\d\b/g)).toEqual(['61', '63']);
    again.socket.destroy();
  });

  test('passes a beginning of the keys on when something else follows, and when the client ends', async () => {
    await running();
    const stream = await attach();
    await type(stream, '\x10', 'x', '\x10');
    expect((await readUntil(stream, '78')).match(/\b\d\d\b/g)).toEqual(['10', '78']);
    stream.socket.end();
    expect((await readUntil(stream, '10')).match(/\b\d\d\b/g)).toEqual(['10']);
    stream.socket.destroy();
  });

  test('has the keys that the client names, and no others', async () => {
    await running();
    const stream = await attach('&detachKeys=ctrl-x,y');
    await type(stream, '\x10\x11\x18y');
    expect(String(await readToEnd(stream)).match(/\b\d\d\b/g) ?? []).not.toContain('18');
    const again = await attach('&logs=1');
    expect((await readUntil(again, '11')).match(/\b\d\d\b/g)).toEqual(['10', '11']);
    again.socket.destroy();
  });

  test('leaves others at the same terminal', async () => {
    await running();
    const [leaves, stays] = [await attach(), await attach()];
    await type(leaves, '\x10\x11');
    await readToEnd(leaves);
    await type(stays, 'z');
    await readUntil(stays, '7a');
    stays.socket.destroy();
  });

  test('without a terminal has no keys', async () => {
    id = await suite.create(['cat'], { OpenStdin: true, StdinOnce: true });
    const stream = await attach();
    await suite.post(`/containers/${id}/start`);
    stream.socket.end('\x10\x11end');
    expect(String(await readToEnd(stream))).toContain('\x10\x11end');
  });

  test('refuses keys that are none', async () => {
    await running();
    const answer = await suite.call('POST', `/containers/${id}/attach?${all}&detachKeys=ctrl-1`);
    expect([answer.status, answer.body]).toEqual([
      400,
      '{"message":"Invalid escape keys (ctrl-1) provided"}\n',
    ]);
  });
});

describe('exec', () => {
  async function execute(config: object): Promise<{ exec: string; stream: OpenStream }> {
    const streams = { AttachStdin: true, AttachStdout: true, AttachStderr: true, Tty: true };
    const body = { Cmd: reader, ...streams, ...config };
    const answer = await suite.call('POST', `/containers/${id}/exec`, body);
    const { Id: exec } = JSON.parse(answer.body) as { Id: string };
    const head = `${upgradeToTcp}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`;
    const stream = await suite.open('POST', `/exec/${exec}/start`, head);
    return { exec, stream };
  }

  test.each([
    ['', '\x10\x11'],
    ['a,b', 'ab'],
  ])('with the keys %j ends its stream, and runs on', async (DetachKeys, keys) => {
    await running();
    const actions = suite.actionsOf(id);
    const { exec, stream } = await execute({ DetachKeys });
    await readUntil(stream, 'ready');
    await type(stream, ...keys);
    await readToEnd(stream);
    const { body } = await suite.call('GET', `/exec/${exec}/json`);
    expect(JSON.parse(body)).toMatchObject({ Running: true, ExitCode: null });
    expect(actions.at(-1)).toBe('exec_detach');
  });
});
