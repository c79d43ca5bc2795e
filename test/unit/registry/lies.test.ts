/** A registry that lies: every lie is refused with an error that says which, and the client goes on. THREATS: digests and types */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Descriptor, digestOf, mediaTypes } from '../../../src/image/descriptor.ts';
import { type OpenRegistries, openRegistries } from '../../../src/image/registry/registries.ts';
import { blobOf, collect, configBlob, manifestOf, randomBlob } from '../../support/blobs.ts';
import { RegistryDouble } from '../../support/registry-double.ts';

const { signal } = new AbortController();
const layer = randomBlob(5000);
const config = configBlob();
const honest = manifestOf([layer], config);
const document = JSON.parse(honest.bytes.toString());
const zeros = `sha256:${'0'.repeat(64)}`;

let double: RegistryDouble;
let registries: OpenRegistries;
const there = () => registries.repository({ domain: double.host, path: 'app' }, undefined);

beforeAll(async () => {
  double = await RegistryDouble.start();
  double.putManifest('app', 'v1', honest);
  for (const blob of [layer, config]) double.putBlob(blob);
  registries = openRegistries({
    limits: { pauseMs: 1, attempts: 3, stallMs: 3000, smallAnswerMs: 5000, headersMs: 3000 },
  });
});
afterAll(async () => {
  await registries.close();
  await double.close();
});
beforeEach(() => {
  double.answer = () => false;
});

/** Serves a manifest with headers and bytes of a test's choice. */
function serve(bytes: Buffer | string | object, headers: Record<string, string> = {}): void {
  const text = Buffer.isBuffer(bytes) || typeof bytes === 'string' ? bytes : JSON.stringify(bytes);
  double.answer = (request, response) => {
    if (!request.url?.includes('/manifests/')) return false;
    response.writeHead(200, { 'content-type': mediaTypes.ociManifest, ...headers });
    response.end(text);
  };
}

test('the double tells the truth when it is let', async () => {
  expect(await there().manifest('v1', signal)).toEqual(honest);
  expect((await collect(there().blob(layer.descriptor, signal))).equals(layer.bytes)).toBe(true);
});

describe('a manifest', () => {
  const descriptor = { mediaType: mediaTypes.ociLayerGzip, digest: zeros, size: 1 };
  test.each<[string, Buffer | string | object, Record<string, string>]>([
    ['is no JSON', '<html>', {}],
    ['is a list', '[]', {}],
    ['is null', 'null', {}],
    ['is empty', '', {}],
    ['is not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), {}],
    ['is nested very deep', '['.repeat(1_000_000), {}],
    ['is an index and a manifest at once', { ...document, manifests: [] }, {}],
    ['is an index under a manifest’s type', { schemaVersion: 2, manifests: [] }, {}],
    ['is a manifest under an index’s type', document, { 'content-type': mediaTypes.ociIndex }],
    [
      'says another media type than the header',
      { ...document, mediaType: mediaTypes.dockerManifest },
      {},
    ],
    ['hides its layers in another spelling', { ...document, Layers: [descriptor] }, {}],
    ['is of schema 1', { ...document, schemaVersion: 1 }, {}],
    ['has no schema', { ...document, schemaVersion: undefined }, {}],
    ['comes as a web page', document, { 'content-type': 'text/html' }],
    [
      'comes as an unknown type',
      { ...document, mediaType: undefined },
      { 'content-type': 'application/json' },
    ],
    ['has no config', { ...document, config: undefined }, {}],
    ['has layers that are no list', { ...document, layers: {} }, {}],
    [
      'has a digest that climbs',
      { ...document, layers: [{ ...descriptor, digest: 'sha256:../../../etc/passwd' }] },
      {},
    ],
    [
      'has a digest in capitals',
      { ...document, layers: [{ ...descriptor, digest: zeros.toUpperCase() }] },
      {},
    ],
    ['has a short digest', { ...document, layers: [{ ...descriptor, digest: 'sha256:00' }] }, {}],
    ['has a digest that is a number', { ...document, layers: [{ ...descriptor, digest: 7 }] }, {}],
    [
      'has a digest of a broken algorithm',
      { ...document, config: { ...descriptor, digest: `md5:${'0'.repeat(32)}` } },
      {},
    ],
    ['has a layer of negative size', { ...document, layers: [{ ...descriptor, size: -1 }] }, {}],
    ['has a layer of size 2⁶⁴', { ...document, layers: [{ ...descriptor, size: 2 ** 64 }] }, {}],
    ['has a layer of half a byte', { ...document, layers: [{ ...descriptor, size: 0.5 }] }, {}],
    ['has a size that is a text', { ...document, layers: [{ ...descriptor, size: '1' }] }, {}],
    ['has a layer that is null', { ...document, layers: [null] }, {}],
    ['has another digest than its header says', document, { 'docker-content-digest': zeros }],
    ['has a header digest that climbs', document, { 'docker-content-digest': 'sha256:../../x' }],
    ['has a header digest that is none', document, { 'docker-content-digest': 'yes' }],
    ['is larger than 4 MiB', ' '.repeat(4 * 1024 * 1024 + 1), {}],
    ['says it is larger than 4 MiB', document, { 'content-length': String(5 * 1024 * 1024) }],
  ])('that %s', async (_lie, bytes, headers) => {
    serve(bytes, headers);
    await expect(there().manifest('v1', signal)).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringMatching(/^[\x20-\x7e…]{10,600}$/),
    });
    double.answer = () => false;
    expect((await there().manifest('v1', signal)).digest).toBe(honest.digest);
  });
  test('asked for by digest has that digest', async () => {
    const other = manifestOf([], config);
    serve(other.bytes, { 'docker-content-digest': honest.digest });
    await expect(there().manifest(honest.digest, signal)).rejects.toThrow(
      `manifest verification failed for digest ${honest.digest}`,
    );
  });
  test.each(['sha256:short', `md5:${'0'.repeat(32)}`, 'sha256:../../../x'])(
    'is not asked for by %s',
    async (reference) => {
      const before = double.seen.length;
      await expect(there().manifest(reference, signal)).rejects.toMatchObject({ kind: 'invalid' });
      expect(double.count('GET', reference)).toBe(0);
      expect(double.seen.length).toBeLessThanOrEqual(before + 1);
    },
  );
  test('that never ends', async () => {
    double.answer = (request, response) => {
      if (!request.url?.includes('/manifests/')) return false;
      response.writeHead(200, { 'content-type': mediaTypes.ociManifest });
      const pour = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65536, 0x20)));
      };
      response.on('drain', pour);
      pour();
    };
    await expect(there().manifest('v1', signal)).rejects.toThrow('larger than 4194304 bytes');
  });
  test('without headers that may be absent is taken', async () => {
    double.answer = (request, response) => {
      if (!request.url?.includes('/manifests/')) return false;
      response.end(honest.bytes);
    };
    expect(await there().manifest('v1', signal)).toEqual(honest);
  });
});

describe('a blob', () => {
  const serveBlob = (bytes: Buffer, headers: Record<string, string> = {}) => {
    double.answer = (request, response) => {
      if (!request.url?.includes('/blobs/')) return false;
      response.writeHead(200, headers);
      response.end(bytes);
    };
  };
  test.each<[string, Buffer, Record<string, string>, RegExp]>([
    ['has one bit turned', flipped(layer.bytes), {}, /filesystem layer verification failed/],
    [
      'is longer than promised',
      Buffer.concat([layer.bytes, Buffer.from('x')]),
      {},
      /more than the 5000 bytes/,
    ],
    ['says it is longer', layer.bytes, { 'content-length': '5001' }, /more than the 5000 bytes/],
    [
      'is shorter and says so',
      layer.bytes.subarray(1),
      { 'content-length': '4999' },
      /4999 bytes where 5000/,
    ],
    ['is empty', Buffer.alloc(0), { 'content-length': '0' }, /0 bytes where 5000/],
  ])('that %s', async (_lie, bytes, headers, message) => {
    serveBlob(bytes, headers);
    const error = await collect(there().blob(layer.descriptor, signal)).catch((one) => one);
    expect(error).toMatchObject({ kind: 'invalid', message: expect.stringMatching(message) });
  });
  test('that goes on with another part than was asked for', async () => {
    const whole = randomBlob(3_000_000);
    double.answer = (request, response, nth) => {
      if (!request.url?.includes('/blobs/')) return false;
      const range = /bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1];
      const total = whole.bytes.length;
      const contentRange = `bytes ${Number(range) + 5}-${total - 1}/${total}`;
      response.writeHead(range ? 206 : 200, range ? { 'content-range': contentRange } : {});
      if (nth === 0) response.write(whole.bytes.subarray(0, 2_000_000), () => response.destroy());
      else response.end(whole.bytes.subarray(Number(range) + 5));
    };
    await expect(collect(there().blob(whole.descriptor, signal))).rejects.toThrow(
      /asked for bytes from \d+ of 3000000, got "bytes/,
    );
  });
  test('whose promised digest is another’s is refused though its size is right', async () => {
    const other = randomBlob(layer.bytes.length);
    const wanted: Descriptor = { ...layer.descriptor, digest: other.descriptor.digest };
    serveBlob(layer.bytes);
    const sent = createHash('sha256').update(layer.bytes).digest('hex');
    await expect(collect(there().blob(wanted, signal))).rejects.toThrow(`sent sha256:${sent}`);
  });
});

describe('an upload', () => {
  test('whose manifest the registry changes is an error', async () => {
    double.answer = (request, response) => {
      if (request.method !== 'PUT') return false;
      response.writeHead(201, { 'docker-content-digest': zeros });
      response.end();
    };
    await expect(there().putManifest('v2', honest, signal)).rejects.toThrow(
      /it has changed the manifest/,
    );
  });
  test.each([
    ['no place', {}],
    ['a place that is no URL', { location: 'http://[' }],
    ['a place on a forbidden scheme', { location: 'file:///etc/passwd' }],
    ['a place on the link', { location: 'https://169.254.169.254/x' }],
    ['a place without TLS elsewhere', { location: 'http://registry.invalid/x' }],
  ])('that is sent to %s', async (_where, headers) => {
    double.answer = (request, response) => {
      if (request.method !== 'POST') return false;
      response.writeHead(202, headers);
      response.end();
    };
    const blob = blobOf(Buffer.from('x'));
    const sent = there().uploadBlob(
      blob.descriptor,
      async function* () {
        yield blob.bytes;
      },
      () => undefined,
      signal,
    );
    await expect(sent).rejects.toMatchObject({ kind: expect.stringMatching(/invalid|forbidden/) });
  });
});

describe('tags', () => {
  test.each([
    ['are no list', '{"tags":{"a":1}}'],
    ['are numbers', '{"tags":[1]}'],
    ['climb', '{"tags":["../../x"]}'],
    ['are no JSON', 'tags'],
  ])('that %s', async (_lie, body) => {
    double.answer = (request, response) => {
      if (!request.url?.includes('/tags/')) return false;
      response.end(body);
    };
    await expect(there().tags(signal)).rejects.toThrow(/no list of tags/);
  });
  test('whose pages never end', async () => {
    double.answer = (request, response) => {
      if (!request.url?.includes('/tags/')) return false;
      response.writeHead(200, { link: `<${request.url}>; rel="next"` });
      response.end('{"tags":["a"]}');
    };
    await expect(there().tags(signal)).rejects.toThrow(/without new tags/);
  });
});

function flipped(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  changed.writeUInt8(changed.readUInt8(100) ^ 1, 100);
  expect(digestOf(changed)).not.toBe(digestOf(bytes));
  return changed;
}
