/** Who may be spoken to, how, and through whom: addresses, insecure registries, proxies, mirrors, pauses. */
import { describe, expect, test } from 'vitest';
import { assertNotLinkLocal, isLoopback } from '../../../src/image/registry/addresses.ts';
import { candidatesFor } from '../../../src/image/registry/endpoint.ts';
import { InsecureRegistries } from '../../../src/image/registry/insecure.ts';
import { mirrorOrigins } from '../../../src/image/registry/mirrors.ts';
import { proxyFor } from '../../../src/image/registry/proxy.ts';
import { retryAfterOf } from '../../../src/image/registry/retry.ts';

const hostnameOf = (host: string) => new URL(`http://${host}/`).hostname;

describe('addresses', () => {
  test.each(['127.0.0.1', '127.9.9.9', '[::1]', 'localhost', '2130706433', '[::ffff:127.0.0.1]'])(
    '%s is this machine',
    (host) => expect(isLoopback(hostnameOf(host))).toBe(true),
  );
  test.each(['128.0.0.1', '10.0.0.1', 'localhost.example', '[::2]', '0.0.0.0'])(
    '%s is not',
    (host) => expect(isLoopback(hostnameOf(host))).toBe(false),
  );
  test.each([
    '169.254.169.254',
    '169.254.0.1',
    '2852039166',
    '0xA9.0xFE.0xA9.0xFE',
    '[fe80::1]',
    '[::ffff:169.254.169.254]',
    '[fd00:ec2::254]',
  ])('%s is link-local and refused', (host) =>
    expect(() => assertNotLinkLocal(hostnameOf(host))).toThrow(/link-local/),
  );
});

describe('insecure registries', () => {
  const insecure = new InsecureRegistries([
    'reg.example',
    'other.example:5000',
    '10.1.0.0/16',
    'fd00::/8',
  ]);
  test.each([
    ['reg.example', true],
    ['reg.example:8080', true],
    ['other.example:5000', true],
    ['other.example', false],
    ['sub.reg.example', false],
    ['10.1.2.3:5000', true],
    ['10.2.0.1:5000', false],
    ['[fd12::1]:5000', true],
    ['127.0.0.1:5000', true],
    ['localhost:5000', true],
    ['docker.io', false],
  ])('%s: %s', async (host, expected) => {
    expect(await insecure.has(new URL(`https://${host}/`))).toBe(expected);
    const origins = await candidatesFor(host, insecure);
    const name = host === 'docker.io' ? 'registry-1.docker.io' : host;
    expect(origins).toEqual(expected ? [`https://${name}`, `http://${name}`] : [`https://${name}`]);
  });
  test('port 443 and port 80 are ports', async () => {
    const named = new InsecureRegistries(['a.example:443', 'b.example:80']);
    expect(await candidatesFor('a.example:443', named)).toHaveLength(2);
    expect(await candidatesFor('b.example:80', named)).toHaveLength(2);
  });
  test.each(['http://reg.example', '10.0.0.0/33', 'a/b/8', 'x y', ''])('%j is refused', (text) =>
    expect(() => new InsecureRegistries([text])).toThrow(/is not valid/),
  );
});

describe('the proxy', () => {
  const environment = {
    HTTP_PROXY: 'plain.example:3128',
    HTTPS_PROXY: 'http://secure.example:3129',
    NO_PROXY: 'a.example, .b.example,10.0.0.0/8,c.example:5000,[fd00::1]',
  };
  test.each([
    ['http://x.example/', 'http://plain.example:3128'],
    ['https://x.example/', 'http://secure.example:3129'],
    ['https://a.example/', undefined],
    ['https://sub.a.example/', undefined],
    ['https://nota.example/', 'http://secure.example:3129'],
    ['https://b.example/', 'http://secure.example:3129'],
    ['https://sub.b.example/', undefined],
    ['https://10.9.9.9/', undefined],
    ['https://c.example:5000/', undefined],
    ['https://c.example/', 'http://secure.example:3129'],
    ['https://[fd00::1]/', undefined],
    ['http://localhost:5000/', undefined],
    ['http://127.0.0.1:5000/', undefined],
  ])('%s goes through %s', (url, expected) => {
    expect(proxyFor(new URL(url), environment)).toBe(expected);
  });
  test('none for all, and lower-case names', () => {
    const url = new URL('https://x.example/');
    expect(proxyFor(url, { ...environment, NO_PROXY: '*' })).toBeUndefined();
    expect(proxyFor(url, { https_proxy: 'http://p:1' })).toBe('http://p:1');
    expect(proxyFor(url, {})).toBeUndefined();
  });
});

describe('mirrors', () => {
  test('are a scheme and a host', () => {
    expect(mirrorOrigins(['https://m.example/', 'http://m:5000'])).toEqual([
      'https://m.example',
      'http://m:5000',
    ]);
  });
  test.each([
    ['m.example', /not a valid URI/],
    ['ftp://m.example', /unsupported scheme "ftp"/],
    ['https://u:p@m.example', /username\/password not allowed/],
    ['https://m.example/path', /path, query, or fragment/],
  ])('%s is refused', (text, message) => expect(() => mirrorOrigins([text])).toThrow(message));
});

test.each([
  ['7', 7000],
  ['0', 0],
  ['Wed, 21 Oct 2015 07:28:10 GMT', 10_000],
  ['Wed, 21 Oct 2015 07:27:00 GMT', 0],
  ['-1', undefined],
  ['soon', undefined],
  ['1e9', undefined],
  [undefined, undefined],
])('Retry-After: %s', (header, expected) => {
  expect(retryAfterOf(header, Date.parse('2015-10-21T07:28:00Z'))).toBe(expected);
});
