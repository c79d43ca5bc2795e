/** A real registry that believes a token server alone. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type OpenRegistries, openRegistries } from '../../src/image/registry/registries.ts';
import type { RegistryAuth } from '../../src/image/registry/repository.ts';
import { collect, push, randomBlob, upload } from '../support/blobs.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { startTokenServer, type TokenServer } from '../support/token-server.ts';

const { signal } = new AbortController();
const anna = { username: 'anna', password: 'geheim' };

describe('a registry with a token server', () => {
  let tokens: TokenServer;
  let registry: TestRegistry;
  let registries: OpenRegistries;
  const repository = (path: string, auth?: RegistryAuth) =>
    registries.repository({ domain: registry.host, path }, auth);
  beforeAll(async () => {
    // Everybody may pull what is public; anna may do all but in what is bert's.
    tokens = await startTokenServer({
      users: { anna: 'geheim' },
      allows: (account, name, action) =>
        (account === 'anna' && !name.startsWith('bert/')) ||
        (name.startsWith('public/') && action === 'pull'),
    });
    registry = await startRegistry({ token: tokens });
  });
  afterAll(async () => {
    await registry.close();
    await tokens.close();
  });
  beforeEach(() => {
    tokens.asked.length = 0;
    registries = openRegistries({ limits: { pauseMs: 1, keepAliveMs: 100 } });
  });
  afterEach(() => registries.close());

  it('push, pull and mount, with few tokens', async () => {
    const layer = randomBlob(200_000);
    const there = repository('public/app', anna);
    const manifest = await push(there, 'v1', [layer], signal);
    expect(tokens.asked).toEqual([
      { method: 'GET', scopes: ['repository:public/app:pull,push'], account: 'anna' },
    ]);
    expect((await there.manifest('v1', signal)).digest).toBe(manifest.digest);
    expect(
      await repository('anna/own', anna).mountBlob(layer.descriptor.digest, 'public/app', signal),
    ).toBe(true);
    expect(tokens.asked.at(-1)?.scopes).toEqual([
      'repository:anna/own:pull,push',
      'repository:public/app:pull',
    ]);
  });
  it('nobody may pull what is public', async () => {
    const layer = randomBlob(1000);
    await push(repository('public/free', anna), 'v1', [layer], signal);
    const there = repository('public/free');
    await there.manifest('v1', signal);
    expect((await collect(there.blob(layer.descriptor, signal))).equals(layer.bytes)).toBe(true);
  });
  it('what is not allowed is told in docker’s words', async () => {
    await expect(repository('bert/app').manifest('v1', signal)).rejects.toMatchObject({
      kind: 'not-found',
      message: expect.stringMatching(
        /^pull access denied for 127\.0\.0\.1:\d+\/bert\/app, repository does not exist or may require 'docker login': denied: /,
      ),
    });
    await expect(
      upload(repository('bert/app', anna), randomBlob(10), signal),
    ).rejects.toMatchObject({
      kind: 'forbidden',
      message: expect.stringMatching(
        /^denied: requested access to the resource is denied|insufficient/,
      ),
    });
    const wrong = repository('public/app', { ...anna, password: 'x' });
    await expect(wrong.manifest('v1', signal)).rejects.toMatchObject({
      kind: 'unauthorized',
      message: `Get "${tokens.realm}": unauthorized: incorrect username or password`,
    });
  });
  it('login gives an identity token that serves in place of the password', async () => {
    const { identityToken } = await registries.login(
      { ...anna, serveraddress: registry.host },
      signal,
    );
    expect(identityToken).toBe('refresh:anna');
    await push(
      repository('anna/more', { identitytoken: identityToken }),
      'v1',
      [randomBlob(10)],
      signal,
    );
    expect(tokens.asked.at(-1)).toMatchObject({ method: 'POST', account: 'anna' });
    const wrong = registries.login(
      { ...anna, password: 'x', serveraddress: registry.host },
      signal,
    );
    await expect(wrong).rejects.toMatchObject({ kind: 'unauthorized' });
  });
});
