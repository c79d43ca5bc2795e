/** Builds and drives floor.c: the bare kernel's time for a container, one round at a time. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { detectCgroups, prepareCgroupParents, removeCgroup } from '../../src/kernel/cgroup.ts';

export interface Floor {
  /** One container's life; milliseconds. */
  round(): Promise<number>;
  stop(): Promise<void>;
}

const BRIDGE = 'floor0';
const GATEWAY = '10.177.0.1';

/**
 * @param root an empty folder
 * @param tarball root file system with /bin/true
 */
export function startFloor(root: string, tarball: string): Floor {
  const program = 'build/floor';
  execFileSync('cc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', program, 'test/bench/floor.c']);
  const [lower, work] = [join(root, 'lower'), join(root, 'work')] as const;
  for (const dir of [lower, work]) mkdirSync(dir, { recursive: true });
  execFileSync('tar', ['-C', lower, '-xf', tarball]);
  const groups = prepareCgroupParents(detectCgroups(), 'petri-floor');
  const network = `ip link add ${BRIDGE} type bridge; ip addr add ${GATEWAY}/16 dev ${BRIDGE}; ip link set ${BRIDGE} up`;
  const script = `${network}; exec "$@"`;
  const child = spawn(
    'unshare',
    ['-n', '-m', 'sh', '-c', script, 'sh', program, lower, work, BRIDGE, GATEWAY, ...groups],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const lines = createInterface({ input: child.stdout });
  const exited = once(child, 'exit');
  const failed = exited.then(([code]) =>
    Promise.reject(new Error(`floor ended with status ${code}`)),
  );
  failed.catch(() => undefined);
  return {
    async round() {
      const line = once(lines, 'line') as Promise<[string]>;
      child.stdin.write('\n');
      const [text] = await Promise.race([line, failed]);
      return Number(text);
    },
    async stop() {
      child.stdin.end();
      await exited;
      await Promise.all(groups.map((path) => removeCgroup(path)));
      rmSync(root, { recursive: true });
    },
  };
}
