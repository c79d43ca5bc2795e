/** Tokens: how they are asked for, how long they are used, and what is said when there is none. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type OpenRegistries, openRegistries } from '../../../src/image/registry/registries.ts';
import type { RegistryAuth } from '../../../src/image/registry/repository.ts';
import { collect, configBlob, manifestOf, randomBlob } from '../../support/blobs.ts';
import { RegistryDouble, refuse, type Seen } from '../../support/registry-double.ts';

const { signal } = new AbortController();
const layer = randomBlob(2000);
const honest = manifestOf([layer], configBlob());
let double: RegistryDouble;
let registries: OpenRegistries;
/** What the token server answers; undefined: a token of the scopes' names. */
let grant: (url: URL, seen: Seen | undefined) => [status: number, body: object] | undefined;
let good: (token: string) => boolean;

const repository = (auth?: RegistryAuth, path = 'app') =>
  registries.repository({ domain: double.host, path }, auth);
const tokenRequests = () => double.seen.filter(({ url }) => url.startsWith('/token'));

beforeAll(async () => {
  double = await RegistryDouble.start();
  double.putManifest('app', 'v1', honest);
  double.putBlob(layer);
  double.answer = async (request, response) => {
    const url = new URL(request.url ?? '', double.origin);
    if (url.pathname === '/token') {
      if (request.method === 'POST') await new Promise((resolve) => request.on('end', resolve));
      const [status, body] = grant(url, double.seen.at(-1)) ?? [
        200,
        { token: url.searchParams.getAll('scope').join('+') || 'none', expires_in: 300 },
      ];
      response.writeHead(status).end(JSON.stringify(body));
      return true;
    }
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (token !== undefined && good(token)) return false;
    refuse(response, 401, 'UNAUTHORIZED', 'authentication required', {
      'www-authenticate': `Bearer realm="${double.origin}/token?tenant=7",service="the service"`,
    });
    return true;
  };
});
afterAll(() => double.close());
beforeEach(() => {
  double.seen.length = 0;
  grant = () => undefined;
  good = () => true;
  registries = openRegistries({ limits: { pauseMs: 1, attempts: 3 } });
});
afterEach(() => registries.close());

test('one token serves all requests of its scope, even those at once', async () => {
  const app = repository();
  await Promise.all([app.manifest('v1', signal), collect(app.blob(layer.descriptor, signal))]);
  await app.tags(signal);
  expect(tokenRequests().map(({ url }) => url)).toEqual([
    '/token?tenant=7&service=the+service&scope=repository%3Aapp%3Apull',
  ]);
});
test('who may push asks for more, and a mount names both repositories', async () => {
  await repository().hasBlob(layer.descriptor.digest, signal);
  await repository()
    .mountBlob(layer.descriptor.digest, 'other/one', signal)
    .catch(() => undefined);
  const scopes = tokenRequests().map(({ url }) =>
    new URL(url, double.origin).searchParams.getAll('scope'),
  );
  expect(scopes).toEqual([
    ['repository:app:pull,push'],
    ['repository:app:pull,push', 'repository:other/one:pull'],
  ]);
});
test('name and password go along by basic authentication, and the account’s name in the question', async () => {
  await repository({ username: 'anna', password: 'pass:word' }).manifest('v1', signal);
  const [asked] = tokenRequests();
  expect(asked?.headers.authorization).toBe(
    `Basic ${Buffer.from('anna:pass:word').toString('base64')}`,
  );
  expect(asked?.url).toContain('account=anna');
  expect(asked?.url).not.toContain('pass');
});
test('an identity token goes by POST, as OAuth2 has it', async () => {
  grant = () => [200, { access_token: 'via-oauth', expires_in: 300 }];
  good = (token) => token === 'via-oauth';
  await repository({ username: '<token>', identitytoken: 'refresh me' }).manifest('v1', signal);
  const [asked] = tokenRequests();
  expect(asked).toMatchObject({ method: 'POST', url: '/token?tenant=7' });
  expect(Object.fromEntries(new URLSearchParams(asked?.body))).toEqual({
    grant_type: 'refresh_token',
    service: 'the service',
    client_id: 'petri',
    refresh_token: 'refresh me',
    scope: 'repository:app:pull',
  });
});
test.each([404, 405])('a server without POST (%d) gets it as a password', async (status) => {
  grant = (_url, seen) => (seen?.method === 'POST' ? [status, {}] : undefined);
  await repository({ username: 'anna', identitytoken: 'secret' }).manifest('v1', signal);
  expect(tokenRequests().map(({ method }) => method)).toEqual(['POST', 'GET']);
  expect(tokenRequests()[1]?.headers.authorization).toBe(
    `Basic ${Buffer.from('anna:secret').toString('base64')}`,
  );
});
test('a registry token is sent as it is, and no server is asked', async () => {
  good = (token) => token === 'ready-made';
  await repository({ registrytoken: 'ready-made' }).manifest('v1', signal);
  expect(tokenRequests()).toEqual([]);
  await expect(
    repository({ registrytoken: 'a\r\nX: y' }).manifest('v1', signal),
  ).rejects.toMatchObject({ kind: 'invalid' });
});
test('a token that is refused is replaced once', async () => {
  let given = 0;
  grant = () => [200, { token: `t${++given}` }];
  good = (token) => token === 't2';
  await repository().manifest('v1', signal);
  expect(given).toBe(2);
  good = () => false;
  await expect(repository().manifest('v1', signal)).rejects.toMatchObject({
    kind: 'unauthorized',
    message: 'unauthorized: authentication required',
  });
});
test('a short-lived token is renewed before it ends; least life is a minute', async () => {
  const app = repository();
  grant = () => [200, { token: 'x', expires_in: 1 }];
  await app.manifest('v1', signal);
  await app.manifest('v1', signal);
  expect(tokenRequests()).toHaveLength(1);
});
test.each<[string, number, object, RegExp]>([
  ['no token', 200, {}, /did not include a token/],
  ['a token that is no text', 200, { token: 7 }, /did not include a token/],
  [
    'a token that would end the header',
    200,
    { token: 'a\r\nX-Evil: 1' },
    /did not include a token/,
  ],
  ['no object', 200, [], /did not include a token|not a JSON object/],
  [
    'no, by docker’s token server',
    401,
    { details: 'incorrect username or password' },
    /unauthorized: incorrect username or password/,
  ],
  [
    'no, by the specification',
    401,
    { errors: [{ code: 'UNAUTHORIZED', message: 'go away' }] },
    /unauthorized: go away/,
  ],
  ['no, for good', 403, {}, /denied: requested access to the resource is denied/],
  ['a fault', 500, {}, /received unexpected HTTP status: 500/],
  ['too much', 429, {}, /toomanyrequests/],
])('a server that answers with %s', async (_what, status, body, message) => {
  grant = () => [status, body];
  const error = await repository({ username: 'a', password: 'b' })
    .manifest('v1', signal)
    .catch((one) => one);
  expect(error.message).toMatch(message);
  expect(error).toHaveProperty('kind');
});
test('login asks for a refresh token and gives it back', async () => {
  grant = (url) =>
    url.searchParams.has('offline_token')
      ? [200, { token: 't', refresh_token: 'keep me' }]
      : undefined;
  const auth = { username: 'anna', password: 'b', serveraddress: double.host };
  expect(await registries.login(auth, signal)).toEqual({
    status: 'Login Succeeded',
    identityToken: 'keep me',
  });
  grant = () => [401, { details: 'incorrect username or password' }];
  await expect(registries.login(auth, signal)).rejects.toMatchObject({
    kind: 'unauthorized',
    message: expect.stringContaining('unauthorized: incorrect username or password'),
  });
});
