/** Uploads of bytes that are still being made: as they come, named at the end, from the start after a failure, whole where a registry insists. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { InvalidError } from '../../../src/errors/errors.ts';
import type { Descriptor } from '../../../src/image/descriptor.ts';
import { type OpenRegistries, openRegistries } from '../../../src/image/registry/registries.ts';
import { inPieces, randomBlob } from '../../support/blobs.ts';
import { RegistryDouble, refuse } from '../../support/registry-double.ts';

const { signal } = new AbortController();
const blob = randomBlob(300_000);
const place = '/v2/app/blobs/uploads/1?state=begun';

let double: RegistryDouble;
let registries: OpenRegistries;
const there = () => registries.repository({ domain: double.host, path: 'app' }, undefined);

beforeAll(async () => {
  double = await RegistryDouble.start();
});
beforeEach(() => {
  double.seen.length = 0;
  registries = openRegistries({
    limits: { pauseMs: 1, attempts: 3, stallMs: 1000, headersMs: 3000 },
  });
});
afterEach(() => registries.close());
afterAll(() => double.close());

type Answer = (request: IncomingMessage, response: ServerResponse, nth: number) => void;

const accept: Answer = (request, response) => {
  request.on('end', () => {
    if (request.method === 'PUT') return response.writeHead(201).end();
    const location = request.method === 'POST' ? place : '/v2/app/blobs/uploads/1?state=taken';
    return response.writeHead(202, { location }).end();
  });
};

/** @param answers for a method; the others go well */
function serve(answers: Partial<Record<'POST' | 'PATCH' | 'PUT', Answer>> = {}): void {
  const counts = new Map<string, number>();
  double.answer = (request, response) => {
    const method = (request.method ?? '') as 'POST' | 'PATCH' | 'PUT';
    if (!['POST', 'PATCH', 'PUT'].includes(method)) return false;
    const nth = counts.get(method) ?? 0;
    counts.set(method, nth + 1);
    (answers[method] ?? accept)(request, response, nth);
    return true;
  };
}

/** Only the first time; then all is well. */
const once =
  (answer: Answer): Answer =>
  (request, response, nth) =>
    (nth === 0 ? answer : accept)(request, response, nth);

function send(
  open: () => AsyncIterable<Uint8Array> = () => inPieces(blob.bytes),
  descriptor: Promise<Descriptor> = Promise.resolve(blob.descriptor),
  until = signal,
): Promise<void> {
  return there().uploadBlob(descriptor, open, () => undefined, until);
}

const asked = () => double.seen.map(({ method }) => method).filter((method) => method !== 'GET');
const bodies = (method: string) =>
  double.seen.filter((one) => one.method === method).map(({ body }) => body);
const whole = blob.bytes.toString('latin1');

test('bytes go while the rest is still being made', async () => {
  serve();
  const isHere = () => bodies('PATCH')[0]?.length === 100;
  let tell: (descriptor: Descriptor) => void = () => undefined;
  const descriptor = new Promise<Descriptor>((resolve) => {
    tell = resolve;
  });
  async function* made(): AsyncGenerator<Buffer> {
    yield blob.bytes.subarray(0, 100);
    await expect.poll(isHere).toBe(true);
    yield blob.bytes.subarray(100);
    tell(blob.descriptor);
  }
  await send(made, descriptor);
  expect(asked()).toEqual(['POST', 'PATCH', 'PUT']);
  const [patch, put] = double.seen.slice(-2);
  expect(patch).toMatchObject({ url: place, headers: { 'transfer-encoding': 'chunked' } });
  expect(patch?.body === whole).toBe(true);
  expect(put?.body).toBe('');
  expect(decodeURIComponent(put?.url ?? '')).toBe(
    `/v2/app/blobs/uploads/1?state=taken&digest=${blob.descriptor.digest}`,
  );
});

test('a registry that does not say where to go on is asked where it was', async () => {
  serve({
    PATCH: (request, response) => void request.on('end', () => response.writeHead(202).end()),
  });
  await send();
  expect(decodeURIComponent(double.seen.at(-1)?.url ?? '')).toBe(
    `${place}&digest=${blob.descriptor.digest}`,
  );
});

describe('all begins anew, with a session of its own, after', () => {
  const patched = ['POST', 'PATCH', 'POST', 'PATCH', 'PUT'];
  const named = ['POST', 'PATCH', 'PUT', 'POST', 'PATCH', 'PUT'];
  const has = (range: string): Answer => {
    return (request, response) =>
      void request.on('end', () => response.writeHead(202, { location: place, range }).end());
  };
  const unknown: Answer = (_request, response) =>
    refuse(response, 404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry');
  const failing: Answer = (_request, response) => refuse(response, 500, 'UNKNOWN', 'disk');
  test.each<[string, Parameters<typeof serve>[0], string[]]>([
    [
      'the death of the connection in the midst of the bytes',
      { PATCH: once((request) => void request.once('data', () => request.destroy())) },
      patched,
    ],
    ['an error of the registry’s', { PATCH: once(failing) }, patched],
    ['a session that it has forgotten', { PATCH: once(unknown) }, patched],
    ['bytes that it has lost', { PATCH: once(has('0-99')) }, patched],
    ['an error at the end', { PUT: once(failing) }, named],
    ['a session forgotten at the end', { PUT: once(unknown) }, named],
  ])('%s', async (_what, answers, expected) => {
    serve(answers);
    await send();
    expect(asked()).toEqual(expected);
    expect(bodies('PATCH').at(-1) === whole).toBe(true);
  });

  test('nothing when it says how much it has, in whatever words', async () => {
    for (const range of ['0-299999', 'bytes=0-299999', '0-300000', 'all', '']) {
      double.seen.length = 0;
      serve({ PATCH: has(range) });
      await send();
      expect(asked()).toEqual(['POST', 'PATCH', 'PUT']);
    }
  });

  test('failure upon failure it is told', async () => {
    serve({ PATCH: (request) => void request.once('data', () => request.destroy()) });
    await expect(send()).rejects.toThrow(/^Patch "http:.*\/v2\/app\/blobs\/uploads\/1": /);
    expect(asked()).toEqual(['POST', 'PATCH', 'POST', 'PATCH', 'POST', 'PATCH']);
  });
});

test.each([400, 405, 411, 415, 416, 501])(
  'who answers %i to a stream gets one PUT when the digest is known',
  async (status) => {
    serve({ PATCH: (_request, response) => refuse(response, status, 'UNSUPPORTED', 'no streams') });
    await send();
    expect(asked()).toEqual(['POST', 'PATCH', 'POST', 'PUT']);
    expect(double.seen.at(-1)?.headers['content-length']).toBe('300000');
    expect(bodies('PUT')[0] === whole).toBe(true);
  },
);

describe('it ends with an error, and no PUT,', () => {
  const haveCome = () => bodies('PATCH')[0]?.length === blob.bytes.length;
  test('where a stream may not go', async () => {
    serve({ PATCH: (_request, response) => refuse(response, 403, 'DENIED', 'no') });
    await expect(send()).rejects.toMatchObject({ kind: 'forbidden' });
    expect(asked()).toEqual(['POST', 'PATCH']);
  });
  test.each([
    ['http://[', 'invalid'],
    ['file:///etc/passwd', 'forbidden'],
    ['https://169.254.169.254/x', 'forbidden'],
    ['http://registry.invalid/x', 'forbidden'],
  ])('when it is to go on at %s', async (location, kind) => {
    serve({
      PATCH: (request, response) =>
        void request.on('end', () => response.writeHead(202, { location }).end()),
    });
    await expect(send()).rejects.toMatchObject({ kind });
    expect(asked()).toEqual(['POST', 'PATCH']);
  });
  test('when the bytes cannot be made', async () => {
    serve();
    async function* broken(): AsyncGenerator<Buffer> {
      yield blob.bytes;
      await expect.poll(haveCome).toBe(true);
      throw new InvalidError('no more of it');
    }
    await expect(send(broken)).rejects.toThrow('no more of it');
    expect(asked()).toEqual(['POST', 'PATCH']);
  });
  test('when the caller has gone', async () => {
    serve();
    const gone = new AbortController();
    async function* slow(): AsyncGenerator<Buffer> {
      yield blob.bytes;
      await expect.poll(haveCome).toBe(true);
      gone.abort(new Error('gone'));
      yield blob.bytes;
    }
    await expect(send(slow, undefined, gone.signal)).rejects.toThrow('gone');
    expect(asked()).toEqual(['POST', 'PATCH']);
  });
  test('when nobody takes the bytes', async () => {
    const stuck: IncomingMessage[] = [];
    serve({ PATCH: (request) => void stuck.push(request.pause()) });
    await expect(send(() => inPieces(Buffer.alloc(30_000_000)))).rejects.toThrow(
      'upload to app: the registry took no bytes for 1000 ms',
    );
    for (const one of stuck) one.destroy();
  });
});

test('bytes that are not what they were called are refused by the registry, and not sent again', async () => {
  serve({
    PUT: (_request, response) =>
      refuse(response, 400, 'DIGEST_INVALID', 'provided digest did not match uploaded content'),
  });
  await expect(send()).rejects.toThrow('digest invalid: provided digest did not match');
  expect(asked()).toEqual(['POST', 'PATCH', 'PUT']);
});
