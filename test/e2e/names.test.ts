/** Containers that find each other by name, by docker's command; over renames, restarts and the death of the engine. */
import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DockerSuite } from '../support/docker.ts';
import { startUpstream, type Upstream } from '../support/name-servers.ts';

const suite = new DockerSuite();
const docker = (...words: string[]) => suite.docker(...words);

/** At the bridge's own address. */
let upstream: Upstream;
let server: string;

beforeEach(async () => {
  server = suite.engine.bip.replace(/\/.*/, '');
  upstream = await startUpstream(server, (name) =>
    name.endsWith('.example')
      ? { answers: [{ type: 'A', class: 'IN', name, ttl: 60, data: '192.0.2.77' }] }
      : { flags: 3 },
  );
});
afterEach(async () => {
  upstream.close();
  await suite.removeContainers();
  await docker('network', 'prune', '-f');
});

const out = async (...words: string[]) => {
  const { code, stdout, stderr } = await docker(...words);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout.trim();
};
const idle = (name: string, ...options: string[]) =>
  out('run', '-d', '--name', name, '--dns', server, ...options, 'busybox', 'sleep', '1000');
const addressOn = (network: string, name: string) =>
  suite.inspect(`{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, name);
/** The addresses that `from` is told, as they come; what it is told instead of any. */
const lookUp = async (from: string, name: string) => {
  const { stdout } = await docker('exec', from, 'nslookup', '-type=a', name);
  const [, answers = ''] = stdout.split('\n\n');
  const found = [...answers.matchAll(/^Address: (\S+)$/gm)].map(([, address]) => address);
  return found.length > 0 ? found : (/NXDOMAIN|SERVFAIL|REFUSED/.exec(stdout)?.[0] ?? stdout);
};

describe('on a network of users', () => {
  it('containers find each other by name, alias and short id, and an address has its name', async () => {
    await out('network', 'create', 'front');
    const id = await idle('web', '--network', 'front', '--network-alias', 'www');
    await idle('client', '--network', 'front');
    const address = await addressOn('front', 'web');
    for (const name of ['web', 'WWW', id.slice(0, 12), 'web.front', 'www.'])
      expect(await lookUp('client', name)).toEqual([address]);
    expect((await docker('exec', 'client', 'nslookup', address)).stdout).toContain(
      'name = web.front',
    );
    expect((await docker('exec', 'client', 'ping', '-c1', '-W1', 'web')).code).toBe(0);
    expect(await out('exec', 'client', 'cat', '/etc/resolv.conf')).toMatch(
      /^nameserver 127\.0\.0\.11\n[\s\S]*^options .*ndots:0$/m,
    );
    expect(
      await out('run', '--rm', '--network', 'container:client', 'busybox', 'nslookup', 'www'),
    ).toContain(address);
    expect(upstream.asked).toEqual([]);
  });

  it('a link is a name for the one that has it, also after the other has another address', async () => {
    await out('network', 'create', 'front');
    await idle('db', '--network', 'front');
    await idle('client', '--network', 'front', '--link', 'db:store');
    await idle('other', '--network', 'front');
    expect(await lookUp('client', 'store')).toEqual([await addressOn('front', 'db')]);
    expect(await lookUp('other', 'store')).toBe('NXDOMAIN');
    await out('rm', '-f', 'db');
    await idle('db', '--network', 'front');
    expect(await lookUp('client', 'STORE')).toEqual([await addressOn('front', 'db')]);
  });

  it('three under one alias are all found, another one first each time', async () => {
    await out('network', 'create', 'front');
    for (const name of ['a1', 'a2', 'a3'])
      await idle(name, '--network', 'front', '--network-alias', 'pool');
    await idle('client', '--network', 'front');
    const all = await Promise.all(['a1', 'a2', 'a3'].map((name) => addressOn('front', name)));
    const firsts: unknown[] = [];
    for (let turn = 0; turn < 3; turn++) {
      const found = (await lookUp('client', 'pool')) as string[];
      expect(found.toSorted()).toEqual(all.toSorted());
      firsts.push(found[0]);
    }
    expect(firsts.toSorted()).toEqual(all.toSorted());
    await out('rm', '-f', 'a2');
    expect(((await lookUp('client', 'pool')) as string[]).toSorted()).toEqual(
      [all[0], all[2]].toSorted(),
    );
  });

  it('a name goes with its container: renamed, stopped, started again, removed', async () => {
    await out('network', 'create', 'front');
    await idle('web', '--network', 'front', '--network-alias', 'www');
    await idle('client', '--network', 'front');
    await out('rename', 'web', 'site');
    expect(await lookUp('client', 'web')).toBe('NXDOMAIN');
    expect(await lookUp('client', 'site')).toEqual([await addressOn('front', 'site')]);
    expect(await lookUp('client', 'www')).toEqual([await addressOn('front', 'site')]);
    await out('stop', '-t', '0', 'site');
    expect(await lookUp('client', 'site')).toBe('NXDOMAIN');
    await out('start', 'site');
    expect(await lookUp('client', 'site')).toEqual([await addressOn('front', 'site')]);
    expect(await lookUp('site', 'client')).toEqual([await addressOn('front', 'client')]);
    await out('rm', '-f', 'site');
    expect(await lookUp('client', 'www')).toBe('NXDOMAIN');
  });

  it('a name is found when the engine was killed and has come back, and by who asks meanwhile', async () => {
    await out('network', 'create', 'front');
    await idle('web', '--network', 'front', '--network-alias', 'www');
    await idle('client', '--network', 'front');
    const address = await addressOn('front', 'web');
    for (let life = 0; life < 2; life++) {
      await suite.engine.kill();
      await suite.engine.up();
      expect(await lookUp('client', 'www')).toEqual([address]);
      expect(await lookUp('web', 'client')).toEqual([await addressOn('front', 'client')]);
      expect(await lookUp('client', 'far.example')).toEqual(['192.0.2.77']);
    }
  });

  it('names are told to those on the network, by what it is called there, and to nobody else', async () => {
    await out('network', 'create', 'front');
    await out('network', 'create', 'back');
    await idle('web', '--network', 'front');
    await idle('db', '--network', 'back');
    expect(await lookUp('web', 'db')).toBe('NXDOMAIN');
    await out('network', 'connect', '--alias', 'store', 'front', 'db');
    expect(await lookUp('web', 'db')).toEqual([await addressOn('front', 'db')]);
    expect(await lookUp('web', 'store')).toEqual([await addressOn('front', 'db')]);
    expect(await lookUp('web', 'db.back')).toBe('NXDOMAIN');
    await out('network', 'disconnect', 'front', 'db');
    expect(await lookUp('web', 'store')).toBe('NXDOMAIN');
  });

  it('a container that came from the default network is led to the name service', async () => {
    await out('network', 'create', 'front');
    await idle('web', '--network', 'front');
    await idle('late');
    const resolvConf = () => out('exec', 'late', 'cat', '/etc/resolv.conf');
    expect(await resolvConf()).toContain(`nameserver ${server}`);
    await out('network', 'connect', 'front', 'late');
    expect(await resolvConf()).toContain('nameserver 127.0.0.11');
    expect(await lookUp('late', 'web')).toEqual([await addressOn('front', 'web')]);
    expect(await lookUp('web', 'late')).toEqual([await addressOn('front', 'late')]);
    const { stdout } = await suite.shell(
      `PETRI_HOST=unix://${suite.engine.socket} bin/petri explain late`,
    );
    expect(stdout).toContain('bind(<names.udp>, "127.0.0.11"');
  });

  it('a resolv.conf that somebody has written stays theirs', async () => {
    await out('network', 'create', 'front');
    await idle('late');
    await out('exec', 'late', 'sh', '-c', 'echo "nameserver 192.0.2.1" > /etc/resolv.conf');
    await out('network', 'connect', 'front', 'late');
    expect(await out('exec', 'late', 'cat', '/etc/resolv.conf')).toBe('nameserver 192.0.2.1');
  });

  it.runIf(existsSync('/usr/bin/getent'))('the C library finds names too', async () => {
    await out('network', 'create', 'front');
    await idle('web', '--network', 'front');
    const host = ['/usr', '/lib', '/lib64']
      .filter(existsSync)
      .flatMap((at) => ['-v', `${at}:${at}:ro`]);
    const ahosts = (name: string) =>
      docker(
        'run',
        '--rm',
        '--dns',
        server,
        '--network',
        'front',
        ...host,
        'busybox',
        '/usr/bin/getent',
        'ahosts',
        name,
      );
    expect((await ahosts('web')).stdout).toContain(await addressOn('front', 'web'));
    expect((await ahosts('far.example')).stdout).toContain('192.0.2.77');
    expect((await ahosts('nowhere.invalid')).code).toBe(2);
  });
});

describe('elsewhere', () => {
  it('the server of --dns is asked, from the host; by containers on an internal network nobody is', async () => {
    await out('network', 'create', 'front');
    await out('network', 'create', '--internal', 'inner');
    await idle('web', '--network', 'front');
    await idle('safe', '--network', 'inner');
    await idle('peer', '--network', 'inner');
    expect(await lookUp('web', 'far.example')).toEqual(['192.0.2.77']);
    expect(await lookUp('web', 'nowhere.invalid')).toBe('NXDOMAIN');
    expect(upstream.asked.map(({ name }) => name)).toEqual(['far.example', 'nowhere.invalid']);
    expect(await lookUp('safe', 'peer')).toEqual([await addressOn('inner', 'peer')]);
    expect(await lookUp('safe', 'secret.example')).toBe('SERVFAIL');
    expect(upstream.asked).toHaveLength(2);
    // The positive control: with a way out it is told.
    await out('network', 'connect', 'front', 'safe');
    expect(await lookUp('safe', 'far.example')).toEqual(['192.0.2.77']);
  });

  it('the sockets of the name service are not in the container', async () => {
    await out('network', 'create', 'front');
    const open = ['sh', '-c', 'ls /proc/self/fd | tr "\\n" " "'];
    expect(await out('run', '--rm', '--network', 'front', 'busybox', ...open)).toBe('0 1 2 3');
    await idle('web', '--network', 'front');
    expect(await out('exec', 'web', ...open)).toBe('0 1 2 3');
  });
});
