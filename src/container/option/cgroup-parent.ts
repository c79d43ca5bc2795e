/** `--cgroup-parent`: the group below which a container has its own, as a path from each hierarchy's root. Pure. */
import { InvalidError } from '../../errors/errors.ts';
import type { HostConfig } from '../config.ts';

/** The engine's own, when none is asked for. */
export const PARENT = 'petri';

const DEPTH_MAX = 16;
const PATH_MAX = 1024;

/** @throws InvalidError; for a slice of systemd with docker's words */
export function assertCgroupParent({ CgroupParent }: Pick<HostConfig, 'CgroupParent'>): void {
  if (CgroupParent === '') return;
  const parts = partsOf(CgroupParent);
  if (parts.some((part) => part.endsWith('.slice')))
    throw new InvalidError(
      'cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice", but this engine makes its groups itself (cgroupfs): name a path such as /xxx',
    );
  const wrong = parts.find((part) => !/^[A-Za-z0-9_][A-Za-z0-9_.:@-]{0,254}$/.test(part));
  if (wrong !== undefined) refuse(CgroupParent, `${JSON.stringify(wrong)} is no name of a group`);
  if (parts.length === 0) refuse(CgroupParent, 'the root of the hierarchy is not a parent');
  if (parts.length > DEPTH_MAX || CgroupParent.length > PATH_MAX)
    refuse(CgroupParent, `at most ${DEPTH_MAX} groups and ${PATH_MAX} characters are possible`);
  if (parts.some((part) => /^[0-9a-f]{64}$/.test(part)))
    refuse(CgroupParent, 'a container is not the parent of another');
}

/** Without a slash at either end: `petri`, `a/b`. */
export function cgroupParent({ CgroupParent }: Pick<HostConfig, 'CgroupParent'>): string {
  return CgroupParent === '' ? PARENT : partsOf(CgroupParent).join('/');
}

function partsOf(path: string): string[] {
  return path.split('/').filter(Boolean);
}

function refuse(path: string, why: string): never {
  throw new InvalidError(`invalid cgroup-parent ${JSON.stringify(path.slice(0, 100))}: ${why}`);
}
