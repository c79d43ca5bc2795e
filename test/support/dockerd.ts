/** A dockerd on folders of its own and without a network: for images alone. It shares this host's loopback with registries. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { dockerdVersion } from './engines.ts';
import { type Ran, run } from './supervisor.ts';

const unpacked = resolve('build/tools/usr');
const PATH = [process.env.PATH, `${unpacked}/sbin`, `${unpacked}/bin`].join(delimiter);

export interface Dockerd {
  docker(...words: string[]): Promise<Ran>;
  stop(): Promise<void>;
}

export const isDockerdHere = dockerdVersion() !== undefined;

export async function startImageDockerd(): Promise<Dockerd> {
  const root = mkdtempSync(join(tmpdir(), 'petri-dockerd-'));
  const host = `unix://${root}/docker.sock`;
  const places = [
    '--data-root',
    `${root}/data`,
    '--exec-root',
    `${root}/run`,
    '--pidfile',
    `${root}/pid`,
  ];
  const network = ['--bridge', 'none', '--iptables=false', '--ip-forward=false', '--ip-masq=false'];
  const isolated = ['-m', 'setpriv', '--pdeathsig', 'TERM', 'dockerd'];
  const child = spawn(
    'unshare',
    [...isolated, ...places, ...network, '--storage-driver', 'overlay2', '-H', host],
    { env: { ...process.env, PATH }, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const docker = (...words: string[]) => run('docker', ['-H', host, ...words], { PATH });
  await untilReady(child, docker);
  return {
    docker,
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      rmSync(root, { recursive: true });
    },
  };
}

/** @throws with what it said, when it ends before it answers */
async function untilReady(
  child: ChildProcess,
  docker: (...words: string[]) => Promise<Ran>,
): Promise<void> {
  let said = '';
  child.stderr?.on('data', (text) => {
    said = (said + text).slice(-4000);
  });
  while ((await docker('version')).code !== 0) {
    if (child.exitCode !== null) throw new Error(`dockerd ended:\n${said}`);
    await delay(50);
  }
}
