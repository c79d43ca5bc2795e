/**
 * What this host lacks to run containers, said before anything is tried. Gathering (needs the host) and
 * judging (pure) are apart.
 */
import { existsSync, readFileSync } from 'node:fs';
import koffi from 'koffi';
import { KernelError } from '../errors/errors.ts';
import { capabilitiesOf, capabilityMask } from './capabilities.ts';
import { type CgroupLayout, detectCgroups } from './cgroup.ts';
import { close } from './files.ts';
import { isAtLeast, type KernelVersion, kernelVersion, MINIMUM } from './kernel-version.ts';
import { fsopen } from './mount-calls.ts';

export interface HostProbe {
  uid: number;
  /** Effective capabilities as a mask. */
  capabilities: bigint;
  kernel: KernelVersion;
  overlay: boolean;
  /** Of NAMESPACES, those the kernel has. */
  namespaces: ReadonlySet<string>;
  /** undefined: none mounted. */
  cgroup: CgroupLayout | undefined;
  nftables: boolean;
}

const NAMESPACES = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'uts'] as const;
const CONTROLLERS = ['cpu', 'memory', 'pids'] as const;
const NEEDED = ['CAP_SYS_ADMIN', 'CAP_NET_ADMIN', 'CAP_MKNOD', 'CAP_SYS_CHROOT'] as const;

/** Each entry says what is missing and what to do; empty when nothing is. */
export function missingRequirements(probe: HostProbe = probeHost()): string[] {
  return [
    ...missingRights(probe),
    ...missingKernel(probe),
    ...missingCgroups(probe.cgroup),
    ...(probe.nftables ? [] : ['libnftables is not installed: apt-get install libnftables1']),
  ];
}

export function probeHost(): HostProbe {
  return {
    uid: process.geteuid?.() ?? -1,
    capabilities: effectiveCapabilities(readFileSync('/proc/self/status', 'utf8')),
    kernel: kernelVersion(),
    overlay: hasOverlay(),
    namespaces: new Set(NAMESPACES.filter((name) => existsSync(`/proc/self/ns/${name}`))),
    cgroup: tryDetectCgroups(),
    nftables: canLoad('libnftables.so.1'),
  };
}

/** The `CapEff` line of proc_pid_status(5). */
export function effectiveCapabilities(status: string): bigint {
  const [, digits] = /^CapEff:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  return BigInt(`0x${digits ?? '0'}`);
}

function missingRights({ uid, capabilities }: HostProbe): string[] {
  if (uid !== 0)
    return ['not root: containers are made of mounts and namespaces; run it with sudo'];
  const lacking = capabilitiesOf(capabilityMask(NEEDED) & ~capabilities);
  if (lacking.length === 0) return [];
  return [
    `root without ${lacking.join(', ')}: inside a container, start that one with --privileged`,
  ];
}

function missingKernel({ uid, kernel, overlay, namespaces }: HostProbe): string[] {
  const missing: string[] = [];
  if (!isAtLeast(kernel, MINIMUM))
    missing.push(
      `kernel ${kernel.release} is older than ${MINIMUM.major}.${MINIMUM.minor}: install a newer one`,
    );
  // Without root the kernel does not say whether it has overlay.
  if (!overlay && uid === 0)
    missing.push('the kernel has no overlay file system: modprobe overlay (CONFIG_OVERLAY_FS)');
  for (const name of NAMESPACES.filter((each) => !namespaces.has(each)))
    missing.push(`the kernel has no ${name} namespaces (CONFIG_${name.toUpperCase()}_NS)`);
  return missing;
}

function missingCgroups(cgroup: CgroupLayout | undefined): string[] {
  if (!cgroup) return ['no control groups are mounted: mount -t cgroup2 none /sys/fs/cgroup'];
  const has = new Set(
    cgroup.mode === 'v2'
      ? cgroup.controllers
      : cgroup.hierarchies.flatMap(({ controllers }) => controllers),
  );
  return CONTROLLERS.filter((name) => !has.has(name)).map(
    (name) =>
      `the control group controller ${name} is missing: enable it on the kernel's command line`,
  );
}

/** Asking for it also loads its module, which reading /proc/filesystems would not. */
function hasOverlay(): boolean {
  try {
    close(fsopen('overlay'));
    return true;
  } catch (error) {
    if (error instanceof KernelError) return false;
    throw error;
  }
}

function tryDetectCgroups(): CgroupLayout | undefined {
  try {
    return detectCgroups();
  } catch {
    // Whatever the reason, they cannot be used: reported as missing.
    return undefined;
  }
}

function canLoad(library: string): boolean {
  try {
    koffi.load(library);
    return true;
  } catch {
    // The loader's error says no more than that it is not there.
    return false;
  }
}
