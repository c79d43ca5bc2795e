/** Registries that fail: slow, broken off, busy, endless. What may go well is tried again, a few times; then there is one clear error. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Limits } from '../../../src/image/registry/options.ts';
import { type OpenRegistries, openRegistries } from '../../../src/image/registry/registries.ts';
import {
  blobOf,
  collect,
  configBlob,
  manifestOf,
  randomBlob,
  upload,
} from '../../support/blobs.ts';
import { RegistryDouble, refuse } from '../../support/registry-double.ts';

const { signal } = new AbortController();
const layer = randomBlob(400_000);
const honest = manifestOf([layer], configBlob());
const quick: Partial<Limits> = {
  connectMs: 3000,
  headersMs: 600,
  stallMs: 500,
  smallAnswerMs: 1000,
  pauseMs: 1,
  attempts: 3,
  keepAliveMs: 50,
  retryAfterMaxMs: 60_000,
};

let double: RegistryDouble;
let registries: OpenRegistries;
const there = () => registries.repository({ domain: double.host, path: 'app' }, undefined);
const get = () => there().manifest('v1', signal);
const fetch = async () =>
  (await collect(there().blob(layer.descriptor, signal))).equals(layer.bytes);

beforeAll(async () => {
  double = await RegistryDouble.start();
  double.putManifest('app', 'v1', honest);
  double.putBlob(layer);
});
afterAll(() => double.close());
beforeEach(() => {
  double.answer = () => false;
  double.seen.length = 0;
  registries = openRegistries({ limits: quick });
});
afterEach(() => registries.close());

/** For manifests alone: the first `failures` times something of the test's. */
function failFirst(
  failures: number,
  answer: (response: ServerResponse) => void,
  part = '/manifests/',
) {
  double.answer = (request, response, nth) => {
    if (!request.url?.includes(part) || nth >= failures) return false;
    answer(response);
    return true;
  };
}

describe('a status that passes', () => {
  test.each([408, 425, 429, 500, 502, 503, 504])('%d twice, then the answer', async (status) => {
    failFirst(2, (response) => response.writeHead(status).end('busy'));
    expect(await get()).toEqual(honest);
    expect(double.count('GET', '/manifests/')).toBe(3);
  });
  test('of the first question, too', async () => {
    double.answer = (request, response, nth) => {
      if (request.url !== '/v2/' || nth >= 2) return false;
      response.writeHead(503).end();
      return true;
    };
    expect(await get()).toEqual(honest);
  });
  test('that does not pass: one error after the last attempt', async () => {
    failFirst(99, (response) => response.writeHead(503).end('<html>busy</html>'));
    await expect(get()).rejects.toMatchObject({
      kind: 'system',
      message: `Get "${double.origin}/v2/app/manifests/v1": received unexpected HTTP status: 503 (<html>busy</html>)`,
    });
    expect(double.count('GET', '/manifests/')).toBe(3);
  });
  test('429 in the registry’s words', async () => {
    failFirst(99, (response) =>
      refuse(response, 429, 'TOOMANYREQUESTS', 'You have reached your pull rate limit.'),
    );
    await expect(get()).rejects.toThrow('toomanyrequests: You have reached your pull rate limit.');
  });
});

describe('Retry-After', () => {
  test('is waited for', async () => {
    failFirst(1, (response) => response.writeHead(429, { 'retry-after': '1' }).end());
    const begun = performance.now();
    expect(await get()).toEqual(honest);
    expect(performance.now() - begun).toBeGreaterThan(950);
  });
  test('that is too long is told at once', async () => {
    failFirst(99, (response) => response.writeHead(429, { 'retry-after': '3600' }).end());
    await expect(get()).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('asks to wait 3600 s'),
    });
    expect(double.count('GET', '/manifests/')).toBe(1);
  });
  test.each(['soon', '-5', '99999999999999999999', ''])(
    '%j makes no sense and is not minded',
    async (value) => {
      failFirst(1, (response) => response.writeHead(503, { 'retry-after': value }).end());
      expect(await get()).toEqual(honest);
    },
  );
});

describe('a status that stays', () => {
  const odd = [
    100, 101, 102, 103, 199, 201, 202, 203, 204, 205, 206, 226, 299, 300, 304, 305, 306, 399,
  ];
  const refused = [
    400, 402, 404, 405, 406, 407, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423,
    424,
  ];
  const more = [426, 428, 431, 451, 499, 501, 505, 506, 507, 508, 510, 511, 599];
  test.each([...odd.filter((status) => status >= 200), ...refused, ...more])(
    '%d is told, and not asked again',
    async (status) => {
      failFirst(99, (response) => response.writeHead(status).end());
      await expect(get()).rejects.toMatchObject({
        message: expect.stringContaining(status === 404 ? 'not found' : String(status)),
      });
      expect(double.count('GET', '/manifests/')).toBe(1);
    },
  );
  test.each<[number, string, string, string, string]>([
    [
      401,
      'UNAUTHORIZED',
      'authentication required',
      'unauthorized',
      'unauthorized: authentication required',
    ],
    [403, 'DENIED', 'no', 'not-found', "or may require 'docker login': denied: no"],
    [404, 'NAME_UNKNOWN', 'who?', 'not-found', 'not found: name unknown: who?'],
    [404, 'MANIFEST_UNKNOWN', 'what?', 'not-found', 'not found: manifest unknown: what?'],
    [400, 'TAG_INVALID', 'bad', 'invalid', 'tag invalid: bad'],
    [405, 'UNSUPPORTED', '', 'invalid', 'unsupported: unsupported'],
  ])('%d %s', async (status, code, message, kind, expected) => {
    failFirst(99, (response) => refuse(response, status, code, message));
    await expect(get()).rejects.toMatchObject({ kind, message: expect.stringContaining(expected) });
  });
  test('insufficient_scope is docker’s "pull access denied"', async () => {
    failFirst(99, (response) =>
      refuse(response, 401, 'UNAUTHORIZED', 'authentication required', {
        'www-authenticate': `Bearer realm="${double.origin}/token",error="insufficient_scope"`,
      }),
    );
    const token = double.answer;
    double.answer = (request, response, nth) => {
      if (!request.url?.startsWith('/token')) return token(request, response, nth);
      response.end('{"token":"t"}');
      return true;
    };
    await expect(get()).rejects.toMatchObject({
      kind: 'not-found',
      message: `pull access denied for ${double.host}/app, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`,
    });
  });
  test('a text with control characters, or a very long one, is made fit to be shown', async () => {
    failFirst(99, (response) =>
      refuse(response, 400, 'UNKNOWN', `\u001b[2J\u0000${'x'.repeat(5000)}`),
    );
    const error = await get().catch((one) => one);
    expect(error.message).toMatch(/^unknown: \[2J x{390,400}…$/);
  });
  test('an error whose body is endless is that error still', async () => {
    failFirst(99, (response) => {
      response.writeHead(400);
      const pour = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65536, 'x')));
      };
      response.on('drain', pour);
      pour();
    });
    await expect(get()).rejects.toThrow('unexpected HTTP status: 400');
  });
});

describe('a connection that breaks', () => {
  test('before the answer is made anew', async () => {
    failFirst(2, (response) => response.destroy());
    expect(await get()).toEqual(honest);
  });
  test('in the midst of a manifest: asked for again', async () => {
    const real = double.answer;
    double.answer = (request, response, nth) => {
      if (!request.url?.includes('/manifests/') || nth > 0) return real(request, response, nth);
      response.writeHead(200, {
        'content-type': honest.mediaType,
        'content-length': honest.bytes.length,
      });
      response.write(honest.bytes.subarray(0, 50), () => response.destroy());
      return true;
    };
    expect(await get()).toEqual(honest);
  });
  test('in the midst of a blob: goes on where it broke, each byte once', async () => {
    double.answer = (request, response, nth) => {
      if (!request.url?.includes('/blobs/')) return false;
      const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const { length } = layer.bytes;
      response.writeHead(start ? 206 : 200, {
        'content-length': length - start,
        ...(start && { 'content-range': `bytes ${start}-${length - 1}/${length}` }),
      });
      const end = nth < 2 ? start + 100_000 : length;
      response.write(layer.bytes.subarray(start, end), () =>
        nth < 2 ? response.destroy() : response.end(),
      );
      return true;
    };
    expect(await fetch()).toBe(true);
    const ranges = double.seen
      .filter(({ url }) => url.includes('/blobs/'))
      .map(({ headers }) => headers.range);
    expect(ranges).toEqual([undefined, 'bytes=100000-', 'bytes=200000-']);
  });
  test('with a server that knows no ranges: what is there already is left out', async () => {
    double.answer = (request, response, nth) => {
      if (!request.url?.includes('/blobs/')) return false;
      response.writeHead(200, nth % 2 ? {} : { 'content-length': layer.bytes.length });
      if (nth > 1) response.end(layer.bytes);
      else
        response.write(layer.bytes.subarray(0, 150_000 + nth * 100_000), () => response.destroy());
      return true;
    };
    expect(await fetch()).toBe(true);
    expect(double.count('GET', '/blobs/')).toBe(3);
  });
  test('without an end that is marked: what came is not taken for all', async () => {
    double.answer = (request, response, nth) => {
      if (!request.url?.includes('/blobs/')) return false;
      response.writeHead(200, { connection: 'close' });
      response.end(layer.bytes.subarray(0, nth > 0 ? undefined : 1000));
      return true;
    };
    expect(await fetch()).toBe(true);
  });
  test('416 for the rest: asked again, then an error', async () => {
    double.answer = (request, response, nth) => {
      if (!request.url?.includes('/blobs/')) return false;
      if (nth > 0) response.writeHead(416).end();
      else response.writeHead(200).write(layer.bytes.subarray(0, 1000), () => response.destroy());
      return true;
    };
    await expect(fetch()).rejects.toThrow(/has not the rest from 1000/);
    expect(double.count('GET', '/blobs/')).toBe(3);
  });
  test('again and again: an error after as many attempts', async () => {
    failFirst(99, (response) => response.destroy(), '/blobs/');
    await expect(fetch()).rejects.toMatchObject({ kind: 'system' });
    expect(double.count('GET', '/blobs/')).toBe(3);
  });
  test('in the midst of an upload: begun anew, the bytes from the start', async () => {
    let stored = Buffer.alloc(0);
    double.answer = (request, response, nth) => {
      if (request.method === 'POST') {
        response.writeHead(202, { location: '/v2/app/blobs/uploads/1?state=x' }).end();
        return true;
      }
      if (request.method !== 'PUT') return false;
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if (nth === 0) request.destroy();
      });
      request.on('end', () => {
        stored = Buffer.concat(chunks);
        response.writeHead(201).end();
      });
      return true;
    };
    await upload(there(), layer, signal);
    expect(stored.equals(layer.bytes)).toBe(true);
    expect(double.count('POST', '/blobs/uploads/')).toBe(2);
  });
});

describe('silence', () => {
  test('instead of an answer', async () => {
    failFirst(99, () => undefined);
    await expect(get()).rejects.toThrow('timeout awaiting response headers');
  });
  test('in the midst of a blob: the rest is asked for again', async () => {
    failFirst(
      1,
      (response) => {
        response.writeHead(200, { 'content-length': layer.bytes.length });
        response.write(layer.bytes.subarray(0, 100_000));
      },
      '/blobs/',
    );
    expect(await fetch()).toBe(true);
    expect(double.seen.at(-1)?.headers.range).toBe('bytes=100000-');
  });
  test.each(['/manifests/', '/blobs/'])('but for a byte now and then, of %s', async (part) => {
    const timers: NodeJS.Timeout[] = [];
    failFirst(
      99,
      (response) => {
        response.writeHead(200, {
          'content-type': honest.mediaType,
          'content-length': layer.bytes.length,
        });
        timers.push(setInterval(() => response.write('x'), 20));
      },
      part,
    );
    const begun = performance.now();
    const error = await (part === '/blobs/' ? fetch() : get()).catch((one) => one);
    for (const timer of timers) clearInterval(timer);
    expect(error.message).toMatch(/less than 1024 bytes in 500 ms|took longer than 1000 ms/);
    expect(performance.now() - begun).toBeLessThan(5000);
  });
  test('of a reader that takes its time is no fault of the registry', async () => {
    const parts: Buffer[] = [];
    for await (const chunk of there().blob(layer.descriptor, signal)) {
      parts.push(chunk);
      if (parts.length === 2) await new Promise((resolve) => setTimeout(resolve, 1200));
    }
    expect(Buffer.concat(parts).equals(layer.bytes)).toBe(true);
    expect(double.count('GET', '/blobs/')).toBe(1);
  });
  test('of one who takes no bytes of an upload', async () => {
    const large = blobOf(Buffer.alloc(30_000_000));
    const taker: IncomingMessage[] = [];
    double.answer = (request, response) => {
      if (request.method === 'POST')
        response.writeHead(202, { location: '/v2/app/blobs/uploads/1' }).end();
      else if (request.method === 'PUT') taker.push(request.pause());
      else return false;
      return true;
    };
    await expect(upload(there(), large, signal)).rejects.toThrow(
      'the registry took no bytes for 500 ms',
    );
    for (const one of taker) one.destroy();
  });
});

describe('what is no HTTP', () => {
  let server: Server;
  const sockets = new Set<Socket>();
  let speak = (_socket: Socket) => {};
  const raw = () =>
    registries
      .repository(
        { domain: `127.0.0.1:${(server.address() as AddressInfo).port}`, path: 'app' },
        undefined,
      )
      .manifest('v1', signal);
  beforeAll(async () => {
    server = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket)));
      // The first try is TLS's, which this server knows nothing of.
      socket.once('data', (data) => (data[0] === 0x16 ? socket.destroy() : speak(socket)));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const head = 'HTTP/1.1 200 OK\r\n';
  test.each<[string, string]>([
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['nothing, and an end', ''],
    ['half a head', 'HTTP/1.1 200 O'],
    ['a head without end', `${head}${'X-A: b\r\n'.repeat(5000)}`],
    ['a header with a line break in it', `${head}X: a\nb: c\r\r\n\r\n`],
    ['two lengths', `${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nx`],
    [
      'a length and chunks',
      `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['a length that is none', `${head}Content-Length: many\r\n\r\n`],
    ['a negative length', `${head}Content-Length: -1\r\n\r\n`],
    ['a length beyond all', `${head}Content-Length: 99999999999999999999999\r\n\r\n`],
    ['chunks that are none', `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`],
    ['a status that is none', 'HTTP/1.1 abc OK\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['HTTP/9', 'HTTP/9.9 200 OK\r\n\r\n'],
    [
      'an upgrade nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    ],
    ['a hundred continues', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100)],
    ['a header of binary', `${head}X: \u0000\u0001\r\n\r\n`],
  ])('%s', async (_what, bytes) => {
    speak = (socket) => socket.end(bytes, 'latin1');
    const error = await raw().catch((one) => one);
    expect(error).toHaveProperty('kind');
    expect(error.message).toMatch(/^[\x20-\x7e]{10,300}$/);
  });
});

describe('nobody there', () => {
  test('is said in Go’s words, at once', async () => {
    const begun = performance.now();
    const nobody = registries.repository({ domain: '127.0.0.1:1', path: 'x' }, undefined);
    await expect(nobody.manifest('latest', signal)).rejects.toMatchObject({
      kind: 'system',
      message: 'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
    });
    const nowhere = registries.repository({ domain: 'registry.invalid', path: 'x' }, undefined);
    await expect(nowhere.manifest('latest', signal)).rejects.toThrow(
      /^Get "https:\/\/registry\.invalid\/v2\/": dial tcp: lookup registry\.invalid: (no such host|temporary)/,
    );
    expect(performance.now() - begun).toBeLessThan(5000);
  });
});

describe('an abort', () => {
  test.each(['/v2/', '/manifests/', '/blobs/'])(
    'while %s is waited for ends it and leaves no socket',
    async (part) => {
      const abort = new AbortController();
      const reached = new Promise<void>((resolve) => {
        double.answer = (request) => {
          if (!request.url?.includes(part)) return false;
          resolve();
          return true;
        };
      });
      const app = there();
      const running =
        part === '/blobs/'
          ? collect(app.blob(layer.descriptor, abort.signal))
          : app.manifest('v1', abort.signal);
      running.catch(() => undefined);
      await reached;
      abort.abort(new Error('enough'));
      await expect(running).rejects.toThrow('enough');
      await vi.waitUntil(async () => (await double.connections()) === 0, { timeout: 20_000 });
    },
  );
  test('in the midst of a blob, and of an upload', async () => {
    const abort = new AbortController();
    const half = (async () => {
      for await (const _chunk of there().blob(layer.descriptor, abort.signal))
        abort.abort(new Error('enough'));
    })();
    await expect(half).rejects.toThrow('enough');
    const other = new AbortController();
    double.answer = (request, response) => {
      if (request.method === 'POST')
        response.writeHead(202, { location: '/v2/app/blobs/uploads/1' }).end();
      else if (request.method === 'PUT') other.abort(new Error('enough'));
      else return false;
      return true;
    };
    await expect(upload(there(), randomBlob(5_000_000), other.signal)).rejects.toThrow('enough');
    await vi.waitUntil(async () => (await double.connections()) === 0, { timeout: 20_000 });
  });
  test('a reader that stops closes the connection', async () => {
    for await (const _chunk of there().blob(layer.descriptor, signal)) break;
    await vi.waitUntil(async () => (await double.connections()) === 0, { timeout: 20_000 });
  });
  test('during a pause ends the pause', async () => {
    const abort = new AbortController();
    failFirst(99, (response) => {
      response.writeHead(429, { 'retry-after': '30' }).end();
      setTimeout(() => abort.abort(new Error('enough')), 30);
    });
    const begun = performance.now();
    await expect(there().manifest('v1', abort.signal)).rejects.toThrow(/enough|aborted/);
    expect(performance.now() - begun).toBeLessThan(20_000);
  });
});

describe('a mirror of docker.io', () => {
  test('is asked first, without credentials; what it lacks the registry has', async () => {
    const mirrored = openRegistries({
      limits: quick,
      mirrors: [double.origin],
      environment: {
        // Nobody there: what goes on to docker.io ends here.
        HTTPS_PROXY: 'http://127.0.0.1:1',
      },
    });
    const hub = mirrored.repository(
      { domain: 'docker.io', path: 'app' },
      { username: 'a', password: 'secret' },
    );
    expect(await hub.manifest('v1', signal)).toEqual(honest);
    expect((await collect(hub.blob(layer.descriptor, signal))).equals(layer.bytes)).toBe(true);
    expect(double.heard()).not.toContain(Buffer.from('a:secret').toString('base64'));
    await expect(hub.manifest('nosuch', signal)).rejects.toThrow(
      /^Get "https:\/\/registry-1\.docker\.io\/v2\/"/,
    );
    await mirrored.close();
  });
});
