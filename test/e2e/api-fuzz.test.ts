/**
 * Requests that are right but for one to three values, which are anything: no answer is a fault of the engine, what is
 * refused has changed nothing, and what is accepted can be started or says why not. The number of requests is
 * PETRI_FUZZ_RUNS; a failure is repeated by PETRI_FUZZ_SEED.
 */
import { randomInt } from 'node:crypto';
import { Agent, request } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sendRaw } from '../support/api.ts';
import { endpoints, type Names, pathOf } from '../support/endpoints.ts';
import { fullCreateBody, type Json, type Path, pathsOf, withValue } from '../support/full-body.ts';
import { Supervisor } from '../support/supervisor.ts';
import { faultsIn, objectsOf } from '../support/witness.ts';

const seed = Number(process.env.PETRI_FUZZ_SEED ?? randomInt(2 ** 31));
const runs = Number(process.env.PETRI_FUZZ_RUNS ?? 1500);

let engine: Supervisor;
let names: Names;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

beforeAll(async () => {
  process.stdout.write(`PETRI_FUZZ_SEED=${seed} PETRI_FUZZ_RUNS=${runs}\n`);
  engine = await Supervisor.start();
  const body = { Image: 'busybox', Cmd: ['sleep', '100000'], HostConfig: { NetworkMode: 'none' } };
  const { Id } = JSON.parse((await send('POST', '/containers/create?name=target', body)).text);
  expect((await send('POST', `/containers/${Id}/start`)).status).toBe(204);
  const exec = await send('POST', `/containers/${Id}/exec`, { Cmd: ['true'] });
  names = { container: Id, exec: JSON.parse(exec.text).Id, image: 'busybox' };
});
afterAll(async () => {
  agent.destroy();
  await engine.remove();
});

interface Answer {
  status: number;
  text: string;
}

function send(method: string, path: string, body?: Json): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(text),
    };
    const options = { agent, socketPath: engine.socket, method, path, headers };
    const sent = request(options, async (response) => {
      let answer = '';
      for await (const chunk of response) answer += chunk;
      resolve({ status: response.statusCode ?? 0, text: answer });
    });
    sent.on('error', reject);
    sent.end(text);
  });
}

/** Texts that mean something to somebody, and numbers at edges. */
const hostileText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom(
    ...['', ' ', '/', '..', '../..', '/proc/self/fd/3', 'container:', 'container:target', 'host'],
    ...['none', 'default', 'bridge', '-1', '0', '65536', '1e9', '0x7f', 'true', 'null', 'NaN'],
    ...['a=b', '=', 'a:b:c', ':', '/a:/b:ro', '/tmp:/', '%s%n', '$(id)', '\u202e', '\n', 'a\nb'],
    ...['sha256:', '@', 'latest', 'SIGKILL', '99999999999999999999', 'x'.repeat(4200)],
    ...['constructor', 'toString', 'hasOwnProperty', '\ud83d\udca9', '/dev/null', 'c 1:3 rwm'],
  ),
);
const hostileNumber = fc.oneof(
  fc.constantFrom(0, -1, 1, -2, 0.5, 2 ** 31, -(2 ** 31), 2 ** 53 - 1, -(2 ** 53) + 1, 1e-9, 4096),
  fc.maxSafeInteger(),
);
const hostileValue: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    hostileNumber,
    hostileText,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      fc
        .oneof(hostileText, fc.constantFrom('Name', 'Type', 'Target'))
        .filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 4 },
    ),
  ),
})).value;

/** A body with some of its fields, and in up to three places something else. */
function spoilt(whole: Json): fc.Arbitrary<Json> {
  const place = fc.constantFrom(...pathsOf(whole));
  // A text in a text's place gets further than anything else.
  const like = (path: Path) =>
    typeof path.reduce<unknown>(
      (inner, key) => (inner as Record<string, unknown>)?.[key],
      whole,
    ) === 'string'
      ? fc.oneof(hostileText, hostileValue)
      : fc.oneof(hostileNumber, hostileValue);
  const change = place.chain((path) => fc.tuple(fc.constant(path), like(path)));
  return fc
    .array(change, { minLength: 1, maxLength: 3 })
    .map((changes) => changes.reduce((body, [path, value]) => put(body, path, value), whole));
}

/** What an earlier change has taken away stays away. */
function put(body: Json, path: Path, value: Json): Json {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, key)) return body;
  return withValue(body, [key], put((body as Record<string, Json>)[key] ?? null, rest, value));
}

interface Request {
  method: string;
  path: string;
  body?: Json;
}

/** Few fields, so that what is spoilt is what decides. */
const small = {
  Image: 'busybox',
  Cmd: ['true'],
  Env: ['A=b'],
  HostConfig: { NetworkMode: 'none' },
};
const execBody = {
  AttachStdout: true,
  Cmd: ['true'],
  Env: ['A=b'],
  User: '0',
  WorkingDir: '/',
  Tty: false,
  Privileged: false,
  DetachKeys: 'ctrl-p',
  ConsoleSize: [24, 80],
};
const updateBody = {
  CpuShares: 512,
  Memory: 1e8,
  MemorySwap: 2e8,
  CpusetCpus: '0',
  PidsLimit: 99,
  NanoCpus: 1e9,
  CpuPeriod: 0,
  CpuQuota: 0,
  BlkioWeight: 0,
  RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
};

function creation(): fc.Arbitrary<Request> {
  return fc
    .oneof(spoilt(fullCreateBody), spoilt(small))
    .map((body) => ({ method: 'POST', path: '/containers/create', body }));
}

/** Those that would wait for what happens next are left as they are. */
const waiting = ['follow', 'stream', 'until'];
const freeOf = (query: object) => Object.keys(query).filter((name) => !waiting.includes(name));
const asks = endpoints.filter(
  ({ method, state, query }) => method === 'GET' && state !== 'missing' && freeOf(query).length > 0,
);

function questions(): fc.Arbitrary<Request> {
  const value = fc.oneof(
    hostileText,
    hostileValue.map((one) => JSON.stringify(one)),
  );
  return fc
    .constantFrom(...asks)
    .chain((endpoint) =>
      fc
        .dictionary(fc.constantFrom(...freeOf(endpoint.query)), value)
        .map((changes) => ({ method: 'GET', path: pathOf(endpoint, names, changes) })),
    );
}

const post = (path: () => string, body: fc.Arbitrary<Json>): fc.Arbitrary<Request> =>
  body.map((value) => ({ method: 'POST', path: path(), body: value }));

function requests(): fc.Arbitrary<Request> {
  return fc.oneof(
    { weight: 5, arbitrary: creation() },
    {
      weight: 2,
      arbitrary: post(() => `/containers/${names.container}/update`, spoilt(updateBody)),
    },
    { weight: 2, arbitrary: post(() => `/containers/${names.container}/exec`, spoilt(execBody)) },
    { weight: 2, arbitrary: questions() },
  );
}

test('whatever is asked, the engine answers for it', async () => {
  let before = await objectsOf(engine);
  const isFault = ({ status }: Answer) => status >= 500 && status !== 501;
  const told = { 2: 0, 4: 0, 5: 0 } as Record<number, number>;
  await fc.assert(
    fc.asyncProperty(requests(), async ({ method, path, body }) => {
      const answer = await send(method, path, body);
      const kind = Math.floor(answer.status / 100);
      told[kind] = (told[kind] ?? 0) + 1;
      expect(isFault(answer), answer.text.slice(0, 500)).toBe(false);
      if (answer.status >= 400) expect(JSON.parse(answer.text).message).not.toBe('');
      if (answer.status === 201) await tryOut(path, JSON.parse(answer.text).Id, isFault);
      if (path.endsWith('/update') && answer.status === 200) before = await objectsOf(engine);
      else if (method === 'POST') expect(await objectsOf(engine)).toEqual(before);
    }),
    { numRuns: runs, seed, endOnFailure: true },
  );
  process.stdout.write(`answers by hundreds: ${JSON.stringify(told)}\n`);
  expect(await engine.answers()).toBe(true);
  expect(faultsIn(engine.log)).toEqual([]);
}, 600_000);

/** What was made is started, which may be refused, and taken away again. */
async function tryOut(
  path: string,
  id: string,
  isFault: (answer: Answer) => boolean,
): Promise<void> {
  const isExec = path.endsWith('/exec');
  const started = await (isExec
    ? send('POST', `/exec/${id}/start`, { Detach: true })
    : send('POST', `/containers/${id}/start`));
  expect(isFault(started), started.text.slice(0, 500)).toBe(false);
  if (isExec) return;
  expect((await send('GET', `/containers/${id}/json?size=1`)).status).toBeLessThan(405);
  const removed = await send('DELETE', `/containers/${id}?force=1`);
  expect([204, 404, 409], removed.text).toContain(removed.status);
}

/** Requests that change nothing, as bytes. */
const harmless = [
  'GET /containers/json?all=1 HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET /v1.41/images/json?filters=%7B%22dangling%22%3A%5B%22true%22%5D%7D HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n',
  'POST /containers/create?name=x1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n{"Image":"nosuch"}',
  'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n12\r\n{"Image":"nosuch"}\r\n0\r\n\r\n',
  'POST /containers/nosuch/attach?stream=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n',
  'HEAD /_ping HTTP/1.0\r\n\r\n',
].map((text) => Buffer.from(text));

const someByte = fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('\r\n\0 :/%{}"-0\t;,')));

/** The engine may close while bytes are still on their way to it. */
const closed = () => ({ status: 0, body: '' });

/** With some bytes changed, and a piece taken out or sent twice. */
function spoiltBytes(): fc.Arbitrary<Buffer> {
  const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const flips = fc.array(fc.tuple(place, someByte), { maxLength: 3 });
  return fc
    .tuple(fc.constantFrom(...harmless), flips, place, place, fc.constantFrom(0, 1, 2))
    .map(([whole, changes, from, to, times]) => {
      const bytes = Buffer.from(whole);
      for (const [at, byte] of changes) bytes[Math.floor(at * bytes.length)] = byte;
      const [start, end] = [from, to]
        .map((at) => Math.floor(at * bytes.length))
        .sort((a, b) => a - b);
      const piece = bytes.subarray(start, end);
      const middle = Array.from({ length: times }, () => piece);
      return Buffer.concat([bytes.subarray(0, start), ...middle, bytes.subarray(end)]);
    });
}

test('whatever bytes come, the engine answers or closes, and goes on', async () => {
  const before = await objectsOf(engine);
  await fc.assert(
    fc.asyncProperty(spoiltBytes(), async (bytes) => {
      const { status, body } = await sendRaw(engine.socket, bytes, 'end').catch(closed);
      expect(status < 500 || status === 501, `${status} ${body}`).toBe(true);
    }),
    { numRuns: runs, seed },
  );
  expect(await objectsOf(engine)).toEqual(before);
  expect(await engine.answers()).toBe(true);
  expect(faultsIn(engine.log)).toEqual([]);
}, 600_000);
