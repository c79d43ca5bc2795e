/**
 * Engines to compare, Petri and dockerd, each started on folders of its own and in network and mount namespaces of
 * its own, so that what they leave on the host ends with them and neither sees the other's firewall.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { removeCgroup } from '../../src/kernel/cgroup.ts';
import { parseMountinfo } from '../../src/kernel/mountinfo.ts';
import { Api } from './api-client.ts';

export interface RunningEngine {
  name: string;
  api: Api;
  socketPath: string;
  execRoot: string;
  /** The engine's main process. */
  pid: number;
  stop(): Promise<void>;
}

/** dockerd may be installed, or only unpacked by tools/setup-tests.sh, with all it starts. */
const UNPACKED = resolve('build/tools/usr');
const PATH = [process.env.PATH, `${UNPACKED}/sbin`, `${UNPACKED}/bin`].join(delimiter);

/** @param root an empty folder */
export function startPetri(root: string): Promise<RunningEngine> {
  return startEngine('petri', root, ['bin/petri', 'supervisor', '--bip', '10.176.0.1/16']);
}

/** Undefined when there is no dockerd on this machine. */
export async function startDockerd(root: string): Promise<RunningEngine | undefined> {
  if (!dockerdVersion()) return undefined;
  const parent = `petri-dockerd-${process.pid}`;
  const command = [
    ...['dockerd', '--bip', '10.175.0.1/16', '--cgroup-parent', `/${parent}`],
    ...['--storage-driver', 'overlay2'],
  ];
  const engine = await startEngine('dockerd', root, command);
  const stop = async () => {
    await engine.stop();
    await removeEverywhere(parent);
  };
  return { ...engine, stop };
}

/** Docker leaves its parent group behind, also in hierarchies without a controller. */
async function removeEverywhere(group: string): Promise<void> {
  const mounts = parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8'));
  const roots = mounts.filter(({ fstype }) => fstype === 'cgroup' || fstype === 'cgroup2');
  await Promise.all(roots.map(({ target }) => removeCgroup(join(target, group))));
}

/** E.g. `20.10.24`. */
export function dockerdVersion(): string | undefined {
  const { stdout } = spawnSync('dockerd', ['--version'], {
    encoding: 'utf8',
    env: { ...process.env, PATH },
  });
  return /version ([\d.]+)/.exec(stdout ?? '')?.[1];
}

async function startEngine(
  name: string,
  root: string,
  command: readonly string[],
): Promise<RunningEngine> {
  const execRoot = join(root, 'run');
  mkdirSync(execRoot, { recursive: true });
  const socketPath = join(root, 'engine.sock');
  const places = ['--data-root', join(root, 'data'), '--exec-root', execRoot];
  const own = [
    '-H',
    `unix://${socketPath}`,
    '--pidfile',
    join(root, 'pid'),
    '--log-level',
    'error',
  ];
  // If the one who started them is interrupted, they end as well.
  const isolated = ['-n', '-m', 'setpriv', '--pdeathsig', 'TERM'];
  // What runs lies in memory, as /run does on every distribution.
  const prepare = 'mount -t tmpfs tmpfs "$0" && ip link set lo up && exec "$@"';
  const inMemory = ['sh', '-c', prepare, execRoot];
  const arguments_ = [...isolated, ...inMemory, ...command, ...places, ...own];
  const child = spawn('unshare', arguments_, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PATH },
  });
  const messages = collect(child);
  const api = new Api(socketPath);
  const ended = once(child, 'exit').then(() => {
    throw new Error(`${name} ended:\n${messages()}`);
  });
  ended.catch(() => undefined);
  try {
    await Promise.race([api.ready(), ended]);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  const stop = () => stopEngine(child, api);
  return { name, api, socketPath, execRoot, pid: child.pid as number, stop };
}

async function stopEngine(child: ChildProcess, api: Api): Promise<void> {
  api.close();
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

function collect(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-4000);
  });
  return () => text;
}
