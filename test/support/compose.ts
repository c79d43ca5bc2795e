/** The compose commands on this machine: Debian's docker-compose 1.29 in Python, and compose 2, docker's plugin in Go. */
import { spawnSync } from 'node:child_process';

export interface Compose {
  /** `1.29.2` */
  version: string;
  path: string;
}

const places = [
  '/usr/bin/docker-compose',
  'build/tools/usr/libexec/docker/cli-plugins/docker-compose',
  '/usr/libexec/docker/cli-plugins/docker-compose',
];

/** @param major 1 or 2 */
export function findCompose(major: number): Compose | undefined {
  const found = places.map((path) => ({ path, version: versionOf(path) }));
  return found.find(({ version }) => version.startsWith(`${major}.`));
}

function versionOf(path: string): string {
  const { stdout } = spawnSync(path, ['version', '--short'], { encoding: 'utf8' });
  return (stdout ?? '').trim().replace(/^v/, '');
}
