/** The running kernel's version: uname(2). */
import { release } from 'node:os';

export interface KernelVersion {
  major: number;
  minor: number;
  /** As the kernel says it, e.g. `6.8.0-41-generic`. */
  release: string;
}

/** The kernel Petri is written for: openat2, mount_setattr, CLONE_INTO_CGROUP, close_range are all there. */
export const MINIMUM: Readonly<Pick<KernelVersion, 'major' | 'minor'>> = { major: 5, minor: 15 };

export function kernelVersion(text = release()): KernelVersion {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(text) ?? [];
  return { major: Number(major ?? 0), minor: Number(minor ?? 0), release: text };
}

export function isAtLeast(
  version: Pick<KernelVersion, 'major' | 'minor'>,
  wanted: Pick<KernelVersion, 'major' | 'minor'>,
): boolean {
  return (
    version.major > wanted.major ||
    (version.major === wanted.major && version.minor >= wanted.minor)
  );
}
