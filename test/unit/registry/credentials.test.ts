/**
 * Who learns a password: the registry it is for and the token server that registry names, over TLS or on this machine; nobody else,
 * whatever is answered (CVE-2020-15157). A sink listens where the secret must not go, and one test shows that it would hear it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type OpenRegistries, openRegistries } from '../../../src/image/registry/registries.ts';
import type { RegistryAuth } from '../../../src/image/registry/repository.ts';
import { blobOf, collect, configBlob, manifestOf, randomBlob } from '../../support/blobs.ts';
import { type Certificates, makeCertificates } from '../../support/registry.ts';
import { RegistryDouble, refuse } from '../../support/registry-double.ts';

const { signal } = new AbortController();
const auth = { username: 'anna', password: 'hunter2-and-more' };
const secrets = [auth.password, Buffer.from(`anna:${auth.password}`).toString('base64'), 'tok-en'];
const layer = randomBlob(2000);
const honest = manifestOf([layer], configBlob());

let double: RegistryDouble;
let sink: RegistryDouble;
let registries: OpenRegistries;
const there = (given: RegistryAuth | undefined = auth) =>
  registries.repository({ domain: double.host, path: 'app' }, given);

beforeAll(async () => {
  [double, sink] = [await RegistryDouble.start(), await RegistryDouble.start()];
  for (const one of [double, sink]) {
    one.putManifest('app', 'v1', honest);
    one.putBlob(layer);
  }
});
afterAll(async () => {
  for (const one of [double, sink]) await one.close();
});
beforeEach(() => {
  for (const one of [double, sink]) {
    one.answer = () => false;
    one.seen.length = 0;
  }
  registries = openRegistries({ limits: { pauseMs: 1, attempts: 2 } });
});
afterEach(() => registries.close());

/** Wants basic authentication everywhere. */
function wantsBasic(
  request: { headers: { authorization?: string | undefined } },
  response: ServerResponse,
) {
  if (request.headers.authorization) return false;
  refuse(response, 401, 'UNAUTHORIZED', 'authentication required', {
    'www-authenticate': 'Basic realm="test"',
  });
  return true;
}

function wantsToken(response: ServerResponse, realm: string): void {
  refuse(response, 401, 'UNAUTHORIZED', 'authentication required', {
    'www-authenticate': `Bearer realm="${realm}",service="test",scope="repository:app:pull"`,
  });
}

function expectNothingHeard(): void {
  for (const secret of secrets) expect(sink.heard()).not.toContain(secret);
}

describe('the sink', () => {
  test('would hear: it is told the password when it is the registry', async () => {
    sink.answer = wantsBasic;
    const own = registries.repository({ domain: sink.host, path: 'app' }, auth);
    await own.manifest('v1', signal);
    expect(sink.heard()).toContain(secrets[1]);
  });
});

describe('a redirect to another host', () => {
  test.each([301, 302, 303, 307, 308])('%d: is followed without the password', async (status) => {
    double.answer = (request, response) => {
      if (wantsBasic(request, response)) return true;
      if (!request.url?.includes('/blobs/')) return false;
      response.writeHead(status, { location: `${sink.origin}${request.url}` }).end();
      return true;
    };
    expect((await collect(there().blob(layer.descriptor, signal))).equals(layer.bytes)).toBe(true);
    expect(sink.seen).toHaveLength(1);
    expect(double.heard()).toContain(secrets[1]);
    expectNothingHeard();
  });
  test('that then asks for a password gets none, nor does its token server', async () => {
    double.answer = (request, response) => {
      if (wantsBasic(request, response)) return true;
      if (!request.url?.includes('/blobs/')) return false;
      response.writeHead(307, { location: `${sink.origin}${request.url}` }).end();
      return true;
    };
    for (const challenge of ['Basic realm="x"', `Bearer realm="${sink.origin}/token"`]) {
      sink.answer = (_request, response) => {
        refuse(response, 401, 'UNAUTHORIZED', 'give', { 'www-authenticate': challenge });
        return true;
      };
      await expect(collect(there().blob(layer.descriptor, signal))).rejects.toMatchObject({
        kind: 'unauthorized',
      });
    }
    expect(sink.count('GET', '/token')).toBe(0);
    expectNothingHeard();
  });
  test('of an open registry: who asks for a password there gets none', async () => {
    double.answer = (request, response) => {
      if (!request.url?.includes('/blobs/')) return false;
      response.writeHead(307, { location: `${sink.origin}${request.url}` }).end();
      return true;
    };
    sink.answer = (_request, response) => {
      wantsToken(response, `${sink.origin}/token`);
      return true;
    };
    await expect(collect(there().blob(layer.descriptor, signal))).rejects.toMatchObject({
      kind: 'unauthorized',
    });
    expect(sink.count('GET', '/token')).toBe(0);
    expectNothingHeard();
  });
  test('of the very first question leads nobody to a password', async () => {
    double.answer = (request, response) => {
      response.writeHead(307, { location: `${sink.origin}${request.url}` }).end();
      return true;
    };
    sink.answer = wantsBasic;
    await there()
      .manifest('v1', signal)
      .catch(() => undefined);
    expect(sink.seen.length).toBeGreaterThan(0);
    expectNothingHeard();
  });
  test('of an upload: the bytes go there, the password does not', async () => {
    const blob = blobOf(Buffer.from('content'));
    double.answer = (request, response) => {
      if (wantsBasic(request, response)) return true;
      if (request.method !== 'POST') return false;
      response.writeHead(202, { location: `${sink.origin}/upload/1?state=a` }).end();
      return true;
    };
    sink.answer = (request, response) => {
      request.on('end', () => response.writeHead(201).end());
      return true;
    };
    const bytes = async function* () {
      yield blob.bytes;
    };
    await there().uploadBlob(blob.descriptor, bytes, () => undefined, signal);
    expect(sink.seen[0]).toMatchObject({ method: 'PUT', body: 'content' });
    expect(decodeURIComponent(sink.seen[0]?.url ?? '')).toBe(
      `/upload/1?state=a&digest=${blob.descriptor.digest}`,
    );
    expectNothingHeard();
  });
  test('with a stream, and at its end, no credentials go along', async () => {
    const blob = blobOf(Buffer.from('content'));
    double.answer = (request, response) => {
      if (wantsBasic(request, response)) return true;
      if (request.method !== 'POST') return false;
      response.writeHead(202, { location: `${sink.origin}/upload/1` }).end();
      return true;
    };
    sink.answer = (request, response) => {
      const status = request.method === 'PATCH' ? 202 : 201;
      request.on('end', () => response.writeHead(status, { location: '/upload/2' }).end());
      return true;
    };
    const bytes = async function* () {
      yield blob.bytes;
    };
    const descriptor = Promise.resolve(blob.descriptor);
    await there().uploadBlob(descriptor, bytes, () => undefined, signal);
    expect(sink.seen.map(({ method, body }) => `${method} ${body}`)).toEqual([
      'PATCH content',
      'PUT ',
    ]);
    expectNothingHeard();
  });
  test.each([
    ['without TLS to where it must be', 'http://registry.invalid/x', /without TLS/],
    ['to the link', 'http://169.254.169.254/latest/meta-data', /without TLS|link-local/],
    ['to the link with TLS', 'https://169.254.169.254/x', /link-local/],
    ['to a file', 'file:///etc/passwd', /neither https nor http/],
    ['with a user in it', 'https://u:p@registry.invalid/', /names a user/],
  ])('%s is not followed', async (_what, location, message) => {
    double.answer = (request, response) => {
      if (!request.url?.includes('/blobs/')) return false;
      response.writeHead(302, { location }).end();
      return true;
    };
    await expect(collect(there().blob(layer.descriptor, signal))).rejects.toMatchObject({
      kind: 'forbidden',
      message: expect.stringMatching(message),
    });
  });
  test('in circles ends', async () => {
    double.answer = (request, response) => {
      if (!request.url?.includes('/blobs/')) return false;
      response.writeHead(302, { location: request.url }).end();
      return true;
    };
    await expect(collect(there().blob(layer.descriptor, signal))).rejects.toThrow(
      'stopped after 10 redirects',
    );
    expect(double.count('GET', '/blobs/')).toBe(11);
  });
});

describe('the token server', () => {
  test('named first is told the password, one named later is not', async () => {
    double.answer = (request, response) => {
      if (request.url?.startsWith('/token')) {
        response.end('{"token":"tok-en"}');
        return true;
      }
      if (request.url === '/v2/') wantsToken(response, `${double.origin}/token`);
      else wantsToken(response, `${sink.origin}/token`);
      return true;
    };
    await expect(there().manifest('v1', signal)).rejects.toMatchObject({ kind: 'unauthorized' });
    expect(double.count('GET', '/token')).toBe(2);
    expect(sink.seen).toEqual([]);
  });
  test('that redirects elsewhere: the other sees nothing', async () => {
    double.answer = (request, response) => {
      if (request.url?.startsWith('/token'))
        response.writeHead(307, { location: `${sink.origin}/token` }).end();
      else wantsToken(response, `${double.origin}/token`);
      return true;
    };
    sink.answer = (_request, response) => {
      response.end('{"token":"x"}');
      return true;
    };
    await there()
      .manifest('v1', signal)
      .catch(() => undefined);
    expect(sink.count('GET', '/token')).toBeGreaterThan(0);
    expectNothingHeard();
  });
  test('that redirects a refresh token elsewhere: the form does not go with it', async () => {
    double.answer = (request, response) => {
      if (request.url?.startsWith('/token'))
        response.writeHead(307, { location: `${sink.origin}/token` }).end();
      else wantsToken(response, `${double.origin}/token`);
      return true;
    };
    await there({ identitytoken: 'tok-en' })
      .manifest('v1', signal)
      .catch(() => undefined);
    expect(double.count('POST', '/token')).toBeGreaterThan(0);
    expect(sink.seen).toEqual([]);
  });
  test.each([
    ['without TLS', 'http://auth.invalid/token', /without TLS/],
    ['on the link', 'https://169.254.169.254/token', /link-local/],
    ['that is no URL', 'token', /no URL/],
    ['on a file', 'file:///x', /neither https nor http|without TLS/],
    ['with a user in it', 'https://u:p@auth.invalid/token', /names a user/],
  ])('%s is not asked', async (_what, realm, message) => {
    double.answer = (_request, response) => {
      wantsToken(response, realm);
      return true;
    };
    await expect(there().manifest('v1', signal)).rejects.toThrow(message);
  });
  test('gives a token that goes to the registry alone', async () => {
    double.answer = (request, response) => {
      if (request.url?.startsWith('/token')) response.end('{"token":"tok-en"}');
      else if (request.headers.authorization !== 'Bearer tok-en')
        wantsToken(response, `${double.origin}/token`);
      else if (request.url?.includes('/blobs/'))
        response.writeHead(307, { location: `${sink.origin}${request.url}` }).end();
      else return false;
      return true;
    };
    await collect(there().blob(layer.descriptor, signal));
    expect(double.heard()).toContain('tok-en');
    expect(sink.seen).toHaveLength(1);
    expectNothingHeard();
  });
});

describe('a mirror of docker.io', () => {
  test('that asks for a password gets none', async () => {
    sink.answer = (request, response) => wantsBasic(request, response);
    const mirrored = openRegistries({
      limits: { pauseMs: 1, attempts: 1 },
      mirrors: [sink.origin],
      // docker.io itself is not reached.
      environment: { HTTPS_PROXY: 'http://127.0.0.1:1' },
    });
    const hub = mirrored.repository({ domain: 'docker.io', path: 'app' }, auth);
    await expect(hub.manifest('v1', signal)).rejects.toThrow(/registry-1\.docker\.io/);
    await mirrored.close();
    expect(sink.seen.length).toBeGreaterThan(0);
    expectNothingHeard();
  });
});

describe('a foreign layer', () => {
  test('is asked of the registry; the place it names is never visited', async () => {
    const foreign = {
      ...layer.descriptor,
      urls: [`${sink.origin}/layer`, 'https://169.254.169.254/x'],
    };
    double.answer = wantsBasic;
    expect((await collect(there().blob(foreign, signal))).equals(layer.bytes)).toBe(true);
    expect(sink.seen).toEqual([]);
  });
});

describe('TLS', () => {
  let folder: string;
  let certificates: Certificates;
  let secure: RegistryDouble;
  beforeAll(async () => {
    folder = mkdtempSync(`${tmpdir()}/petri-tls-`);
    certificates = makeCertificates(folder);
    secure = await RegistryDouble.start(certificates);
    secure.putManifest('app', 'v1', honest);
  });
  afterAll(async () => {
    await secure.close();
    rmSync(folder, { recursive: true });
  });

  test('that nobody vouches for: a token server that is not insecure sees nothing', async () => {
    const named = `named.localhost:${secure.port}`; // resolves to this machine, and is none of its names
    double.answer = (_request, response) => {
      wantsToken(response, `https://${named}/token`);
      return true;
    };
    await expect(there().manifest('v1', signal)).rejects.toThrow(/x509|no such host/);
    expect(secure.seen).toEqual([]);
  });
});

describe('errors', () => {
  test('hold neither the password, nor the token, nor the signature of a place', async () => {
    double.answer = (request, response) => {
      if (wantsBasic(request, response)) return true;
      if (!request.url?.includes('/blobs/')) return false;
      response.writeHead(307, { location: `${sink.origin}/there?X-Signature=tok-en` }).end();
      return true;
    };
    sink.answer = (_request, response) => {
      response.writeHead(400).end();
      return true;
    };
    const error = await collect(there().blob(layer.descriptor, signal)).catch((one) => one);
    expect(error.message).toContain(`${sink.origin}/there"`);
    for (const secret of secrets)
      expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain(secret);
  });
});
