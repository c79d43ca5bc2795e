/** /etc/hosts and /etc/resolv.conf as text. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InvalidError } from '../../../src/errors/errors.ts';
import { hostsFile } from '../../../src/network/hosts.ts';
import { readHostResolvConf, resolvConf, serversElsewhere } from '../../../src/network/resolv.ts';

const own = {
  addresses: ['10.88.0.2'],
  hostname: 'web',
  domainname: '',
  extraHosts: [] as string[],
  gateway: '10.88.0.1',
};
const HEAD = `127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
ff00::\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`;

describe('/etc/hosts', () => {
  test('is docker’s, and ends with the container’s own name', () => {
    expect(hostsFile(own)).toBe(`${HEAD}10.88.0.2\tweb\n`);
  });

  test('has the full name before the bare one, however it was given', () => {
    const full = `${HEAD}10.88.0.2\tweb.example.org web\n`;
    expect(hostsFile({ ...own, domainname: 'example.org' })).toBe(full);
    expect(hostsFile({ ...own, hostname: 'web.example.org' })).toBe(full);
  });

  test('has extra hosts; host-gateway is the bridge', () => {
    const extraHosts = [
      'db:10.1.2.3',
      'six:fe80::1',
      'six2:[fe80::2]',
      'host.internal:host-gateway',
    ];
    expect(hostsFile({ ...own, addresses: [], extraHosts })).toBe(
      `${HEAD}10.1.2.3\tdb\nfe80::1\tsix\nfe80::2\tsix2\n10.88.0.1\thost.internal\n`,
    );
  });

  test.each([
    { hostname: 'a\n1.2.3.4 bank' },
    { hostname: 'a b' },
    { hostname: '' },
    { domainname: 'x\0y' },
    { domainname: 'x#y' },
    { extraHosts: ['noaddress'] },
    { extraHosts: [':1.2.3.4'] },
    { extraHosts: ['a:1.2.3'] },
    { extraHosts: ['a:1.2.3.4\n6.6.6.6 b'] },
    { extraHosts: ['a\tb:1.2.3.4'] },
    { extraHosts: ['a:fe80::1%x\ny'] },
    { addresses: ['1.2.3.4 evil'] },
  ])('refuses %j', (changes) => {
    expect(() => hostsFile({ ...own, ...changes })).toThrow(InvalidError);
  });
});

const none = { dns: [], search: [], options: [], keepLoopback: false };

describe('/etc/resolv.conf', () => {
  test('is the host’s without servers that cannot be reached from inside', () => {
    const host =
      '# c\nnameserver 127.0.0.53\nnameserver 9.9.9.9 # q\nnameserver ::1\nsearch a b\noptions edns0\n';
    expect(resolvConf(host, none)).toBe('nameserver 9.9.9.9\nsearch a b\noptions edns0\n');
    expect(resolvConf(host, { ...none, keepLoopback: true })).toContain('127.0.0.53');
  });

  test('falls back to docker’s servers', () => {
    const fallback = 'nameserver 8.8.8.8\nnameserver 8.8.4.4\n';
    expect(resolvConf('nameserver 127.0.0.1\n', none)).toBe(fallback);
    expect(resolvConf('', none)).toBe(fallback);
  });

  test('says what the options say, each by itself', () => {
    const host = 'nameserver 9.9.9.9\nsearch a\nsearch b c\noptions ndots:2\n';
    expect(resolvConf(host, { ...none, dns: ['1.1.1.1', '2606::1'] })).toBe(
      'nameserver 1.1.1.1\nnameserver 2606::1\nsearch b c\noptions ndots:2\n',
    );
    expect(resolvConf(host, { ...none, search: ['.'], options: ['ndots:5', 'rotate'] })).toBe(
      'nameserver 9.9.9.9\noptions ndots:5 rotate\n',
    );
  });

  test.each([
    { dns: ['one'] },
    { dns: ['1.1.1.1\nnameserver 6.6.6.6'] },
    { dns: ['fe80::1%a\nb'] },
    { search: ['a b'] },
    { search: ['a\nnameserver 6.6.6.6'] },
    { search: [''] },
    { options: ['x\ny'] },
    { options: ['x y'] },
  ])('refuses %j', (changes) => {
    expect(() => resolvConf('', { ...none, ...changes })).toThrow(InvalidError);
  });

  test('on a network of users names the name service, which asks for bare names first', () => {
    const host = 'nameserver 127.0.0.53\nsearch a b\noptions edns0\n';
    const own = { ...none, nameService: '127.0.0.11' };
    const head = 'nameserver 127.0.0.11\nsearch a b\n';
    expect(resolvConf(host, own)).toBe(`${head}options edns0 ndots:0\n`);
    expect(resolvConf(host, { ...own, dns: ['1.1.1.1'] })).toBe(`${head}options edns0 ndots:0\n`);
    expect(resolvConf(host, { ...own, options: ['ndots:3'] })).toBe(`${head}options ndots:3\n`);
    expect(resolvConf(host, { ...own, options: ['ndots:x'] })).toBe(`${head}options ndots:0\n`);
    expect(() => resolvConf(host, { ...own, dns: ['one'] })).toThrow(InvalidError);
  });

  test('has servers that the name service asks: the container’s, the host’s, or docker’s', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'petri-resolv-'));
    const path = join(folder, 'resolv.conf');
    await writeFile(path, 'nameserver 127.0.0.53\nnameserver fe80::1%eth0\nnameserver junk\n');
    expect(serversElsewhere([], path)).toEqual(['127.0.0.53', 'fe80::1%eth0']);
    expect(serversElsewhere(['1.1.1.1'], path)).toEqual(['1.1.1.1']);
    expect(serversElsewhere([], join(folder, 'missing'))).toEqual(['8.8.8.8', '8.8.4.4']);
    await rm(folder, { recursive: true });
  });

  test('of the host is the file behind systemd-resolved’s stub where there is one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'petri-resolv-'));
    const [stub, behind] = [join(folder, 'stub'), join(folder, 'behind')];
    await writeFile(stub, 'nameserver 127.0.0.53\n');
    expect(readHostResolvConf(stub, behind)).toBe('nameserver 127.0.0.53\n');
    await writeFile(behind, 'nameserver 9.9.9.9\n');
    expect(readHostResolvConf(stub, behind)).toBe('nameserver 9.9.9.9\n');
    expect(readHostResolvConf(join(folder, 'missing'), behind)).toBe('');
    await rm(folder, { recursive: true });
  });
});
