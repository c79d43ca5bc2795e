/**
 * Registries that are not on this machine: their certificates must be vouched for, by the system or by certs.d, unless they are named
 * insecure. A proxy plays the network, so this is also how proxies are used.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type OpenRegistries, openRegistries } from '../../../src/image/registry/registries.ts';
import { configBlob, manifestOf } from '../../support/blobs.ts';
import { startProxy, type TestProxy } from '../../support/proxy.ts';
import { type Certificates, makeCertificates } from '../../support/registry.ts';
import { RegistryDouble, refuse } from '../../support/registry-double.ts';

const { signal } = new AbortController();
const auth = { username: 'anna', password: 'geheim' };
const honest = manifestOf([], configBlob());
const name = 'registry.example:5000';

let folder: string;
let certificates: Certificates;
let secure: RegistryDouble;
let plain: RegistryDouble;
let proxy: TestProxy;
let plainProxy: TestProxy;
let registries: OpenRegistries;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'petri-tls-'));
  certificates = makeCertificates(folder, 'registry.example');
  [secure, plain] = [await RegistryDouble.start(certificates), await RegistryDouble.start()];
  for (const one of [secure, plain]) {
    one.putManifest('app', 'v1', honest);
    one.answer = (request, response) => {
      if (request.headers.authorization) return false;
      refuse(response, 401, 'UNAUTHORIZED', 'who?', { 'www-authenticate': 'Basic realm="x"' });
      return true;
    };
  }
  [proxy, plainProxy] = [await startProxy(secure.port), await startProxy(plain.port)];
});
afterAll(async () => {
  for (const one of [proxy, plainProxy, secure, plain]) await one.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  for (const one of [secure, plain]) one.seen.length = 0;
  for (const one of [proxy, plainProxy]) one.asked.length = 0;
});
afterEach(() => registries.close());

/** Asks for a manifest of `domain` through a proxy. */
function ask(domain: string, through: TestProxy, insecureRegistries: string[] = []) {
  registries = openRegistries({
    insecureRegistries,
    certificatesFolder: join(folder, 'certs.d'),
    environment: { HTTPS_PROXY: through.url, HTTP_PROXY: through.url },
    limits: { pauseMs: 1, attempts: 2, keepAliveMs: 50 },
  });
  return registries.repository({ domain, path: 'app' }, auth).manifest('v1', signal);
}

/** What certs.d has for a registry. */
function provide(domain: string, files: Record<string, string>): void {
  const own = join(folder, 'certs.d', domain);
  mkdirSync(own, { recursive: true });
  for (const [file, from] of Object.entries(files)) copyFileSync(from, join(own, file));
}

describe('a certificate', () => {
  test('that certs.d vouches for is believed', async () => {
    provide(name, { 'ca.crt': certificates.ca });
    expect(await ask(name, proxy)).toEqual(honest);
    expect(proxy.asked).toEqual([`CONNECT ${name}`]);
    expect(secure.seen.every(({ client }) => client === undefined)).toBe(true);
  });
  test('that nobody vouches for is not, and the registry hears nothing', async () => {
    await expect(ask('registry.example:5001', proxy)).rejects.toMatchObject({
      kind: 'system',
      message:
        'Get "https://registry.example:5001/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    });
    expect(secure.seen).toEqual([]);
  });
  test('of another name is not', async () => {
    provide('other.example:5000', { 'ca.crt': certificates.ca });
    await expect(ask('other.example:5000', proxy)).rejects.toThrow(
      'x509: certificate is not valid for other.example',
    );
    expect(secure.seen).toEqual([]);
  });
  test('of ours is shown where it belongs', async () => {
    const files = {
      'ca.crt': certificates.ca,
      'client.cert': certificates.certificate,
      'client.key': certificates.key,
    };
    provide('registry.example:5002', files);
    await ask('registry.example:5002', proxy);
    expect(secure.seen.map(({ client }) => client)).toContain('localhost');
  });
  test('without its key is an error', async () => {
    provide('registry.example:5003', { 'client.cert': certificates.certificate });
    await expect(ask('registry.example:5003', proxy)).rejects.toThrow(
      /missing key client\.key for client certificate client\.cert/,
    );
  });
});

describe('a registry named insecure', () => {
  test('is spoken to with TLS, whoever vouches for it', async () => {
    expect(await ask('registry.example:5004', proxy, ['registry.example:5004'])).toEqual(honest);
    expect(proxy.asked).toEqual(['CONNECT registry.example:5004']);
  });
  test('and without, when it has none', async () => {
    expect(await ask('plain.example:5000', plainProxy, ['plain.example:5000'])).toEqual(honest);
    expect(plainProxy.asked[0]).toBe('CONNECT plain.example:5000');
    expect(plainProxy.asked.at(-1)).toBe('GET http://plain.example:5000/v2/app/manifests/v1');
    expect(plain.heard()).toContain(Buffer.from('anna:geheim').toString('base64'));
  });
  test('is no other: without TLS that one is not spoken to', async () => {
    await expect(ask('other.example', plainProxy, ['plain.example:5000'])).rejects.toThrow(
      'http: server gave HTTP response to HTTPS client',
    );
    expect(plain.seen).toEqual([]);
  });
});
