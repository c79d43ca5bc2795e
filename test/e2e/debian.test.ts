/**
 * What tutorials do: a Debian in which apt installs servers, over the bridge; an image of it, which goes to a registry and comes
 * back; and the servers answer. apt's archive is the one this machine itself uses, so nothing is said of it here.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { Supervisor } from '../support/supervisor.ts';

let engine: Supervisor;
let registry: TestRegistry;
let folder: string;

beforeAll(async () => {
  execFileSync('rootfs-fixtures/debian.sh', ['build/debian.tar']);
  folder = mkdtempSync(join(tmpdir(), 'petri-debian-'));
  engine = await Supervisor.start();
  registry = await startRegistry();
  const imported = await engine.docker(
    'import',
    '-c',
    'CMD ["bash"]',
    'build/debian.tar',
    'debian',
  );
  expect(imported.stderr).toBe('');
  await engine.docker('tag', 'debian', 'ubuntu:16.04');
});
afterAll(async () => {
  await engine.remove();
  await registry.close();
  rmSync(folder, { recursive: true });
});

/** This machine's sources of packages and how it gets at them, as mounts for a container. */
function aptOfTheHost(): string[] {
  const sources = join(folder, 'sources');
  mkdirSync(sources);
  if (existsSync('/etc/apt/sources.list')) cpSync('/etc/apt/sources.list', `${sources}/host.list`);
  cpSync('/etc/apt/sources.list.d', sources, { recursive: true });
  const acquire = execFileSync('apt-config', ['dump', '--format', '%f "%v";%n', 'Acquire']);
  writeFileSync(join(folder, 'acquire'), acquire);
  writeFileSync(join(folder, 'none'), '');
  return [
    ...['-v', `${sources}:/etc/apt/sources.list.d:ro`],
    ...['-v', `${folder}/acquire:/etc/apt/apt.conf.d/99host:ro`],
    ...['-v', `${folder}/none:/etc/apt/sources.list:ro`],
  ];
}

/** What a server answers to a line. */
function ask(host: string, port: number, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => socket.write(line));
    socket.on('data', (data) => {
      resolve(data.toString());
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

it('bash and apt are there, under the name that tutorials use too', async () => {
  const ran = await engine.docker(
    'run',
    '--rm',
    '--network',
    'none',
    'ubuntu:16.04',
    'bash',
    '-c',
    'apt-get --version | head -n1',
  );
  expect(ran.stdout).toMatch(/^apt \d/);
});

it('apt installs servers over the bridge; committed, pushed, removed and pulled, they answer', async () => {
  const install = 'apt-get update && apt-get install -y --no-install-recommends nginx redis-server';
  const installed = await engine.docker(
    'run',
    '--name',
    'box',
    ...aptOfTheHost(),
    'debian',
    'sh',
    '-c',
    install,
  );
  expect(installed, installed.stdout).toMatchObject({ code: 0 });

  const serve =
    'redis-server --bind 0.0.0.0 --protected-mode no --daemonize yes; exec nginx -g "daemon off;"';
  const name = `${registry.host}/team/servers:1`;
  const committed = await engine.docker(
    'commit',
    '-c',
    `CMD ${JSON.stringify(['sh', '-c', serve])}`,
    'box',
    name,
  );
  const id = committed.stdout.trim();
  expect(await engine.docker('push', name)).toMatchObject({ code: 0 });
  await engine.docker('rm', 'box');
  await engine.docker('rmi', name, 'debian', 'ubuntu:16.04');
  expect((await engine.docker('images', '-q', '--no-trunc')).stdout).not.toContain(id);

  expect(await engine.docker('pull', name)).toMatchObject({ code: 0 });
  const started = await engine.docker('run', '-d', '--name', 'servers', name);
  expect(started.stderr).toBe('');
  expect((await engine.docker('inspect', '-f', '{{.Image}}', 'servers')).stdout.trim()).toBe(id);
  const format = '{{.NetworkSettings.IPAddress}}';
  const address = (await engine.docker('inspect', '-f', format, 'servers')).stdout.trim();
  const page = () => ask(address, 80, 'GET / HTTP/1.0\r\n\r\n').catch(String);
  await expect.poll(page, { timeout: 20_000 }).toMatch(/200 OK[\s\S]*nginx/);
  await expect.poll(() => ask(address, 6379, 'PING\r\n').catch(String)).toBe('+PONG\r\n');
}, 180_000);
