/** The client against a real registry: everything a pull and a push ask of it. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Descriptor } from '../../src/image/descriptor.ts';
import type { RegistryOptions } from '../../src/image/registry/options.ts';
import { type OpenRegistries, openRegistries } from '../../src/image/registry/registries.ts';
import type { RegistryAuth } from '../../src/image/registry/repository.ts';
import { collect, inPieces, push, randomBlob, upload } from '../support/blobs.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const { signal } = new AbortController();
const quick = { limits: { pauseMs: 1, keepAliveMs: 100 } };
const open: OpenRegistries[] = [];

function client(options: RegistryOptions = {}): OpenRegistries {
  const made = openRegistries({ ...quick, ...options });
  open.push(made);
  return made;
}

afterAll(async () => {
  for (const one of open) await one.close();
});

describe('an open registry', () => {
  let registry: TestRegistry;
  const repository = (path = 'library/app', auth?: RegistryAuth) =>
    client().repository({ domain: registry.host, path }, auth);
  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(() => registry.close());

  it('keeps what is uploaded and gives it back by tag and by digest', async () => {
    const layer = randomBlob(3_000_000);
    const there = repository();
    const manifest = await push(there, 'v1', [layer], signal);
    expect(await there.manifest('v1', signal)).toEqual(manifest);
    expect(await there.manifest(manifest.digest, signal)).toEqual(manifest);
    expect((await collect(there.blob(layer.descriptor, signal))).equals(layer.bytes)).toBe(true);
    expect(await there.tags(signal)).toEqual(['v1']);
  });
  it('takes bytes that are named when the last one is sent, and only by their name', async () => {
    const [layer, other] = [randomBlob(3_000_000), randomBlob(9)];
    const there = repository('made/there');
    const send = (descriptor: Descriptor) =>
      there.uploadBlob(
        Promise.resolve(descriptor),
        () => inPieces(layer.bytes),
        () => undefined,
        signal,
      );
    await expect(send(other.descriptor)).rejects.toThrow(/^digest invalid: /);
    expect(await there.hasBlob(layer.descriptor.digest, signal)).toBe(false);
    await send(layer.descriptor);
    expect((await collect(there.blob(layer.descriptor, signal))).equals(layer.bytes)).toBe(true);
  });
  it('an empty blob is a blob', async () => {
    const empty = randomBlob(0);
    await upload(repository(), empty, signal);
    expect(await collect(repository().blob(empty.descriptor, signal))).toEqual(empty.bytes);
  });
  it('says whether it has a blob, and takes one over from another repository', async () => {
    const layer = randomBlob(1000);
    await upload(repository('a/first'), layer, signal);
    const other = repository('b/second');
    expect(await other.hasBlob(layer.descriptor.digest, signal)).toBe(false);
    expect(await other.mountBlob(layer.descriptor.digest, 'a/first', signal)).toBe(true);
    expect(await other.hasBlob(layer.descriptor.digest, signal)).toBe(true);
    expect(await other.mountBlob(randomBlob(9).descriptor.digest, 'a/first', signal)).toBe(false);
  });
  it('lists tags page by page', async () => {
    const there = repository('many/tags');
    const layer = randomBlob(10);
    const manifest = await push(there, 't0', [layer], signal);
    const names = Array.from({ length: 30 }, (_, i) => `t${i}`);
    for (const name of names) await there.putManifest(name, manifest, signal);
    expect((await there.tags(signal)).sort()).toEqual(names.sort());
  });
  it('what is not there is told in docker’s words', async () => {
    const there = repository();
    await expect(there.manifest('nosuch', signal)).rejects.toMatchObject({
      kind: 'not-found',
      message: `manifest for ${registry.host}/library/app:nosuch not found: manifest unknown: manifest unknown`,
    });
    await expect(repository('never/was').manifest('latest', signal)).rejects.toMatchObject({
      kind: 'not-found',
      message: `manifest for ${registry.host}/never/was:latest not found: manifest unknown: manifest unknown`,
    });
    await expect(repository('never/was').tags(signal)).rejects.toMatchObject({
      kind: 'not-found',
      message: `repository ${registry.host}/never/was not found: name unknown: repository name not known to registry`,
    });
    await expect(collect(there.blob(randomBlob(5).descriptor, signal))).rejects.toMatchObject({
      kind: 'not-found',
      message: 'blob unknown: blob unknown to registry',
    });
  });
  it('a byte turned over in its storage is refused', async () => {
    const layer = randomBlob(100_000);
    await upload(repository(), layer, signal);
    const hex = layer.descriptor.digest.slice(7);
    const path = `${registry.storage}/docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`;
    const changed = Buffer.from(layer.bytes);
    changed.writeUInt8((changed.readUInt8(50_000) ^ 1) & 0xff, 50_000);
    writeFileSync(path, changed);
    await expect(collect(repository().blob(layer.descriptor, signal))).rejects.toThrow(
      `filesystem layer verification failed for digest ${layer.descriptor.digest}`,
    );
  });
});

describe('a registry with passwords', () => {
  const auth = { username: 'anna', password: 'geheim:ä' };
  let registry: TestRegistry;
  const repository = (given?: RegistryAuth) =>
    client().repository({ domain: registry.host, path: 'app' }, given);
  beforeAll(async () => {
    registry = await startRegistry({ auth });
  });
  afterAll(() => registry.close());

  it('lets in who has them', async () => {
    const layer = randomBlob(100);
    const manifest = await push(repository(auth), 'v1', [layer], signal);
    expect((await repository(auth).manifest('v1', signal)).digest).toBe(manifest.digest);
  });
  it('and nobody else', async () => {
    await expect(repository().manifest('v1', signal)).rejects.toMatchObject({
      kind: 'unauthorized',
      message: `Get "http://${registry.host}/v2/app/manifests/v1": no basic auth credentials`,
    });
    const wrong = repository({ username: 'anna', password: 'wrong' });
    await expect(wrong.manifest('v1', signal)).rejects.toMatchObject({
      kind: 'unauthorized',
      message: 'unauthorized: authentication required',
    });
  });
  it('login: says so when they are good and when they are not', async () => {
    const serveraddress = registry.host;
    expect(await client().login({ ...auth, serveraddress }, signal)).toEqual({
      status: 'Login Succeeded',
      identityToken: '',
    });
    const wrong = client().login({ username: 'anna', password: 'x', serveraddress }, signal);
    await expect(wrong).rejects.toMatchObject({
      kind: 'unauthorized',
      message: `login attempt to http://${registry.host}/v2/ failed with status: 401 Unauthorized`,
    });
  });
});

describe('a registry with TLS', () => {
  let registry: TestRegistry;
  let folder: string;
  beforeAll(async () => {
    registry = await startRegistry({ tls: true });
    folder = mkdtempSync(join(tmpdir(), 'petri-certs-'));
    mkdirSync(join(folder, registry.host));
    copyFileSync(registry.caPath, join(folder, registry.host, 'ca.crt'));
  });
  afterAll(async () => {
    await registry.close();
    rmSync(folder, { recursive: true });
  });
  it('is spoken to by https, and believed when its authority is known or it is on this machine', async () => {
    for (const certificatesFolder of [folder, '/nonexistent']) {
      const there = client({ certificatesFolder }).repository(
        { domain: registry.host, path: 'app' },
        undefined,
      );
      await push(there, 'v1', [randomBlob(10)], signal);
    }
    expect(registry.log()).not.toContain('http: TLS handshake error');
  });
});
