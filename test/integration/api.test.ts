/** The Engine API over the real engine: what goes through its streams, and what clients see of a lifecycle. */
import { describe, expect, test } from 'vitest';
import { ApiSuite, readToEnd, unframe } from '../support/api-suite.ts';

const suite = new ApiSuite();
const create = suite.create.bind(suite);
const open = suite.open.bind(suite);
const post = suite.post.bind(suite);
const remove = suite.remove.bind(suite);
const inspect = suite.inspect.bind(suite);

const attachAll = 'attach?stream=1&stdin=1&stdout=1&stderr=1';
const speaker = ['sh', '-c', 'echo out; echo err >&2'];

describe('attach', () => {
  test('before the start hears the first byte, framed', async () => {
    const id = await create(speaker);
    const stream = await open('POST', `/v1.42/containers/${id}/${attachAll}`);
    expect(stream.head).toMatch(/^HTTP\/1.1 101 UPGRADED/);
    expect(stream.head).toContain('Content-Type: application/vnd.docker.multiplexed-stream');
    expect(await post(`/containers/${id}/start`)).toBe(204);
    expect(unframe(await readToEnd(stream))).toEqual({ 1: 'out\n', 2: 'err\n' });
    await remove(id);
  });

  test('without an upgrade is the old raw 200', async () => {
    const id = await create(speaker);
    const stream = await open('POST', `/v1.41/containers/${id}/${attachAll}`, '');
    expect(stream.head).toMatch(/^HTTP\/1.1 200 OK/);
    expect(stream.head).toContain('Content-Type: application/vnd.docker.raw-stream');
    expect(await post(`/containers/${id}/start`)).toBe(204);
    expect(unframe(await readToEnd(stream))).toEqual({ 1: 'out\n', 2: 'err\n' });
    await remove(id);
  });

  test.each([['Connection: Upgrade\r\nUpgrade: tcp\r\n'], ['']])(
    'passes stdin and its end on, in the form %j',
    async (form) => {
      const id = await create(['cat'], { OpenStdin: true, StdinOnce: true });
      const stream = await open('POST', `/containers/${id}/${attachAll}`, form);
      await post(`/containers/${id}/start`);
      stream.socket.end('x'.repeat(100_000));
      expect(unframe(await readToEnd(stream))[1]).toHaveLength(100_000);
      expect((await inspect(id)).State).toMatchObject({ ExitCode: 0 });
      await remove(id);
    },
  );

  test('a body announced by its length does not reach the container, what follows does', async () => {
    const id = await create(['cat'], { OpenStdin: true, StdinOnce: true });
    const form = 'Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 4\r\n\r\nJSONfirst ';
    const stream = await open('POST', `/containers/${id}/${attachAll}`, form);
    await post(`/containers/${id}/start`);
    stream.socket.end('last');
    // `open` ends the head with an empty line, which here is the container's.
    expect(unframe(await readToEnd(stream))[1]).toBe('first \r\nlast');
    await remove(id);
  });

  test('a terminal is raw, and its size is what was asked', async () => {
    const id = await create(['sh', '-c', 'stty size'], { Tty: true });
    const stream = await open('POST', `/containers/${id}/${attachAll}`);
    expect(stream.head).toContain('Content-Type: application/vnd.docker.raw-stream');
    expect(await post(`/containers/${id}/resize?h=33&w=77`)).toBe(200);
    await post(`/containers/${id}/start`);
    expect(String(await readToEnd(stream))).toBe('33 77\r\n');
    await remove(id);
  });

  test('logs=1 replays first; without stream=1 that is all', async () => {
    const id = await create(speaker);
    await post(`/containers/${id}/start`);
    await post(`/containers/${id}/wait`);
    const stream = await open('POST', `/containers/${id}/attach?logs=1&stdout=1`);
    expect(unframe(await readToEnd(stream))).toEqual({ 1: 'out\n' });
    await remove(id);
  });

  test('a client that leaves before the start leaves nothing, and the container runs', async () => {
    const id = await create(['sleep', '60']);
    const { socket } = await open('POST', `/containers/${id}/${attachAll}`);
    const container = suite.engine.containers.find(id);
    expect(container.pendingAttaches.size).toBe(1);
    socket.destroy();
    expect(await post(`/containers/${id}/start`)).toBe(204);
    expect((await inspect(id)).State.Running).toBe(true);
    await remove(id);
  });
});

describe('wait', () => {
  test('sends its head before the container ends', async () => {
    const id = await create(['cat'], { OpenStdin: true, StdinOnce: true });
    await post(`/containers/${id}/start`);
    const stream = await open('POST', `/containers/${id}/wait?condition=next-exit`, '');
    expect(stream.head).toMatch(/^HTTP\/1.1 200/);
    expect(await post(`/containers/${id}/kill`)).toBe(204);
    let text = String(stream.rest);
    for await (const chunk of stream.socket) {
      text += chunk;
      if (text.includes('StatusCode')) break;
    }
    expect(text).toContain('{"StatusCode":137,"Error":null}');
    await remove(id);
  });

  test('of a client that leaves is forgotten', async () => {
    const id = await create(['sleep', '60']);
    const container = suite.engine.containers.find(id);
    const { socket } = await open('POST', `/containers/${id}/wait?condition=next-exit`, '');
    expect(container.listenerCount('exit')).toBe(1);
    socket.destroy();
    await expect.poll(() => container.listenerCount('exit')).toBe(0);
    await remove(id);
  });
});

test('who waited for the removal of a container that could not start is told the code alone', async () => {
  const id = await create(['/no/such'], {}, { AutoRemove: true });
  const waiter = await open(
    'POST',
    `/containers/${id}/wait?condition=removed`,
    'Connection: close\r\n',
  );
  expect(await post(`/containers/${id}/start`)).toBe(400);
  expect(String(await readToEnd(waiter))).toContain('{"StatusCode":127,"Error":null}');
});

describe('logs', () => {
  test('framed, with times, the last lines, and followed to the end', async () => {
    const id = await create(['sh', '-c', 'for i in 1 2 3; do echo $i; done; read x; echo end'], {
      OpenStdin: true,
      StdinOnce: true,
    });
    const input = await open('POST', `/containers/${id}/${attachAll}`);
    await post(`/containers/${id}/start`);
    const path = `/containers/${id}/logs?stdout=1&stderr=1`;
    const followed = await open('GET', `${path}&follow=1`, 'Connection: close\r\n');
    input.socket.end('go\n');
    expect(String(await readToEnd(followed))).toMatch(/1\n[\s\S]*2\n[\s\S]*3\n[\s\S]*end\n/);
    const timed = await open('GET', `${path}&tail=1&timestamps=1`, 'Connection: close\r\n');
    expect(String(await readToEnd(timed))).toMatch(/\d\d:\d\d\.\d{9}Z end\n/);
    await readToEnd(input);
    await remove(id);
  });
});

test('steps are told as they happen, and afterwards', async () => {
  const id = await create(['true']);
  const stream = await open('GET', `/containers/${id}/steps?follow=1`, 'Connection: close\r\n');
  expect(await post(`/containers/${id}/start`)).toBe(204);
  const lines = String(await readToEnd(stream))
    .split(/\r?\n/)
    .filter((line) => line.startsWith('{'));
  const told = lines.map(
    (line) => JSON.parse(line) as { Step: { n: number }; Result: { n: number } },
  );
  const kept = JSON.parse((await suite.call('GET', `/containers/${id}/steps`)).body);
  expect(told.length).toBeGreaterThan(20);
  expect(told.map(({ Step }) => Step.n)).toEqual(kept.Results.map(({ n }: { n: number }) => n));
  await remove(id);
});

describe('the steps of an exec', () => {
  const lines = (text: string) =>
    text
      .split(/\r?\n/)
      .filter((line) => line.startsWith('{'))
      .map(
        (line) => JSON.parse(line) as { Step: { n: number; call: string }; Result: { n: number } },
      );

  test('are told as they happen, and afterwards, with results and times', async () => {
    const id = await create(['sleep', '60']);
    await post(`/containers/${id}/start`);
    const made = await suite.call('POST', `/containers/${id}/exec`, { Cmd: ['true'] });
    const exec = (JSON.parse(made.body) as { Id: string }).Id;
    const path = `/exec/${exec}/steps`;
    expect(JSON.parse((await suite.call('GET', path)).body)).toEqual({ Steps: [], Results: [] });
    const stream = await open('GET', `${path}?follow=1`, 'Connection: close\r\n');
    expect((await suite.call('POST', `/exec/${exec}/start`, { Detach: true })).status).toBe(200);
    const told = lines(String(await readToEnd(stream)));
    const kept = JSON.parse((await suite.call('GET', path)).body);
    const numbers = kept.Steps.map(({ n }: { n: number }) => n);
    expect(told.map(({ Step }) => Step.n).sort((a, b) => a - b)).toEqual(numbers);
    expect(told.map(({ Result }) => Result)).toEqual(kept.Results);
    expect(told.map(({ Step }) => Step.call)).toContain('setns');
    expect(
      kept.Results.every(
        ({ ret, durationNs }: { ret: number; durationNs: number }) => ret >= 0 && durationNs > 0,
      ),
    ).toBe(true);
    const later = await open('GET', `${path}?follow=1`, 'Connection: close\r\n');
    expect(lines(String(await readToEnd(later)))).toHaveLength(told.length);
    const own = JSON.parse((await suite.call('GET', `/containers/${id}/steps`)).body);
    expect(own.Execs).toEqual([exec]);
    await remove(id);
  });

  test('of one that fails end with the step that failed', async () => {
    const id = await create(['sleep', '60']);
    await post(`/containers/${id}/start`);
    const made = await suite.call('POST', `/containers/${id}/exec`, { Cmd: ['/no/such'] });
    const exec = (JSON.parse(made.body) as { Id: string }).Id;
    const stream = await open('GET', `/exec/${exec}/steps?follow=1`, 'Connection: close\r\n');
    expect((await suite.call('POST', `/exec/${exec}/start`, { Detach: true })).status).toBe(400);
    const told = lines(String(await readToEnd(stream)));
    expect(told.at(-1)).toMatchObject({ Step: { call: 'execve' }, Result: { ret: -1, errno: 2 } });
    await remove(id);
  });

  test('of one that is never started end with its container', async () => {
    const id = await create(['sleep', '60']);
    await post(`/containers/${id}/start`);
    const made = await suite.call('POST', `/containers/${id}/exec`, { Cmd: ['true'] });
    const exec = (JSON.parse(made.body) as { Id: string }).Id;
    const stream = await open('GET', `/exec/${exec}/steps?follow=1`, 'Connection: close\r\n');
    await remove(id);
    expect(lines(String(await readToEnd(stream)))).toEqual([]);
  });
});

test('events tell a lifecycle in order', async () => {
  const stream = await open('GET', '/events?filters={"type":["container"]}', '');
  const id = await create(['true']);
  await post(`/containers/${id}/start`);
  await post(`/containers/${id}/wait`);
  await remove(id);
  let text = String(stream.rest);
  for await (const chunk of stream.socket) {
    text += chunk;
    if (text.includes('"destroy"')) break;
  }
  const actions = [...text.matchAll(/"Action":"(\w+)"/g)].map(([, action]) => action);
  expect(actions).toEqual(['create', 'start', 'die', 'destroy']);
});

test('verbs answer with the status of docker', async () => {
  const id = await create(['sleep', '60']);
  const statuses = [];
  for (const verb of [
    'stop',
    'kill',
    'pause',
    'start',
    'start',
    'pause',
    'pause',
    'unpause',
    'unpause',
  ])
    statuses.push([verb, await post(`/containers/${id}/${verb}`)]);
  expect(statuses).toEqual([
    ['stop', 304],
    ['kill', 409],
    ['pause', 409],
    ['start', 204],
    ['start', 304],
    ['pause', 204],
    ['pause', 409],
    ['unpause', 204],
    ['unpause', 409],
  ]);
  expect(await post(`/containers/${id}/kill?signal=SIGFOO`)).toBe(400);
  expect((await suite.call('DELETE', `/containers/${id}`)).status).toBe(409);
  expect((await suite.call('DELETE', '/images/busybox?force=0')).status).toBe(409);
  await remove(id);
  expect(await post(`/containers/${id}/start`)).toBe(404);
});

test('a program that is not there is 400 with 127 in the state', async () => {
  const id = await create(['/no/such']);
  const answer = await suite.call('POST', `/containers/${id}/start`);
  expect([answer.status, answer.body]).toEqual([400, expect.stringContaining('/no/such')]);
  expect((await inspect(id)).State).toMatchObject({ Status: 'created', ExitCode: 127 });
  const later = await suite.call('POST', `/containers/${id}/wait`);
  expect(later.body).toMatch(/"StatusCode":127,"Error":{"Message":".*no such/);
  await remove(id);
});
