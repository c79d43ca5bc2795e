/** X-Registry-Auth and X-Registry-Config, as clients send them and as they should not. */
import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registryAuth, registryConfig } from '../../src/api/registry-auth.ts';
import { InvalidError } from '../../src/errors/errors.ts';
import { call, message, openTestApi, sendRaw, type TestApi } from '../support/api.ts';

const request = (name: string, value: string) =>
  ({ headers: { [name]: value } }) as unknown as IncomingMessage;
const auth = (value: string) => registryAuth(request('x-registry-auth', value));
const encode = (value: unknown, form: BufferEncoding = 'base64url') =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString(form);

describe('X-Registry-Auth', () => {
  const full = { username: 'ä?>', password: 'p~ÿ', serveraddress: 'q:5000' };
  test.each<[string, string]>([
    ['base64url', encode(full)],
    [
      'base64url with padding, as Go writes it',
      `${encode(full)}${'='.repeat((4 - (encode(full).length % 4)) % 4)}`,
    ],
    ['plain base64, as some clients write it', encode(full, 'base64')],
    ['with fields nobody knows', encode({ ...full, email: 'x', more: [1] })],
    [
      'with null for what is not set',
      encode({ ...full, identitytoken: null, registrytoken: null }),
    ],
  ])('%s', (_what, header) => expect(auth(header)).toMatchObject(full));
  test('without a header, empty, {} and null are none at all', () => {
    expect(registryAuth({ headers: {} } as IncomingMessage)).toBeUndefined();
    for (const header of ['', ' ', encode('{}'), encode('null'), encode({ username: '' }), 'e30='])
      expect(auth(header)).toBeUndefined();
  });
  test('docker’s old form', () => {
    const old = Buffer.from('anna:b:c').toString('base64');
    expect(auth(encode({ auth: old }))).toMatchObject({ username: 'anna', password: 'b:c' });
  });
  test.each([
    ['no base64', 'not base64!'],
    ['base64 of nothing', '='],
    ['no JSON', encode('secret words')],
    ['a list', encode('[]')],
    ['a text', encode('"secret"')],
    ['a number', encode('7')],
    ['cut short', encode({ username: 'a', password: 'secret' }).slice(0, -4)],
    ['a field of another type', encode({ username: 'a', password: ['secret'] })],
    ['a key that repeats', encode('{"username":"a","username":"secret"}')],
    ['a NUL', encode({ username: 'secret\0' })],
  ])('%s is refused, and not repeated', (_what, header) => {
    let error: unknown;
    try {
      auth(header);
    } catch (one) {
      error = one;
    }
    expect(error).toBeInstanceOf(InvalidError);
    expect(String(error)).not.toContain('secret');
  });
  test('whatever it is, it is taken or refused', () => {
    const header = fc.oneof(
      fc.base64String(),
      fc.string(),
      fc.json().map((text) => encode(text)),
    );
    fc.assert(
      fc.property(header, (value) => {
        try {
          auth(value);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

test('X-Registry-Config has them by address', () => {
  const config = { a: { username: 'u', password: 'p' }, b: {}, c: null };
  const found = registryConfig(request('x-registry-config', encode(config)));
  expect([...found.keys()]).toEqual(['a']);
  expect(registryConfig({ headers: {} } as IncomingMessage).size).toBe(0);
  expect(() => registryConfig(request('x-registry-config', encode('[7]')))).toThrow(InvalidError);
});

describe('the API', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await openTestApi();
  });
  afterAll(() => api.close());

  test.each([
    [{ serveraddress: 'http://[' }, 400, 'unable to parse server address'],
    [{ serveraddress: 'u:p@q' }, 400, 'unable to parse server address'],
    [{ username: 7 }, 400, 'invalid value for username'],
    [[], 400, 'invalid value for the body'],
    [{ serveraddress: '127.0.0.1:1' }, 500, 'dial tcp 127.0.0.1:1: connect: connection refused'],
    [{ serveraddress: '169.254.169.254' }, 403, 'link-local'],
  ])('POST /auth %j: %d', async (body, status, words) => {
    const answer = await call(api, 'POST', '/auth', body);
    expect(message(answer)).toContain(words);
    expect(answer.status).toBe(status);
  });
  test.each([
    ['127.0.0.1:1/x', 500, 'Get "http://127.0.0.1:1/v2/": dial tcp'],
    ['A', 400, 'must be lowercase'],
    ['0'.repeat(64), 400, 'unknown image reference'],
  ])('GET /distribution/%s/json: %d', async (name, status, words) => {
    const answer = await call(api, 'GET', `/distribution/${name}/json`);
    expect(message(answer)).toContain(words);
    expect(answer.status).toBe(status);
  });
  test('a malformed header is 400', async () => {
    const head =
      'GET /distribution/127.0.0.1:1/x/json HTTP/1.1\r\nHost: petri\r\nX-Registry-Auth: ???\r\n\r\n';
    const answer = await sendRaw(api.socketPath, head);
    expect([answer.status, message(answer)]).toEqual([
      400,
      'invalid x-registry-auth header: it is not base64',
    ]);
  });
});
