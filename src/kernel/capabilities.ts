/** Capabilities: the pieces of root's power, by name and as bit masks. capabilities(7). */
import { readFileSync } from 'node:fs';
import { constants } from './ffi.ts';

export type CapabilityName = Exclude<
  Extract<keyof typeof constants, `CAP_${string}`>,
  'CAP_LAST_CAP'
>;

/** Every capability this build knows, by number. */
export const capabilityNames: readonly CapabilityName[] = (
  Object.keys(constants) as (keyof typeof constants)[]
)
  .filter((name): name is CapabilityName => name.startsWith('CAP_') && name !== 'CAP_LAST_CAP')
  .sort((a, b) => constants[a] - constants[b]);

/** What docker leaves to a container's root: enough for servers and package managers, nothing over the host. */
export const dockerCapabilities: readonly CapabilityName[] = [
  'CAP_AUDIT_WRITE',
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_MKNOD',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_RAW',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
];

/** The highest number the running kernel knows; it may know more or fewer than this build. */
export function lastCapability(
  text = readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8'),
): number {
  return Number(text);
}

/** What this process may use and hand on: the Cap lines of proc_pid_status(5). */
export function ownCapabilities(
  text = readFileSync('/proc/self/status', 'utf8'),
): CapabilityName[] {
  const mask = (name: string) =>
    BigInt(`0x${new RegExp(`^${name}:\\s+(\\w+)$`, 'm').exec(text)?.[1] ?? 0}`);
  return capabilitiesOf(mask('CapPrm') & mask('CapBnd'));
}

/** Bit n stands for capability n, as in the Cap lines of proc_pid_status(5). */
export function capabilityMask(names: readonly CapabilityName[]): bigint {
  return names.reduce((mask, name) => mask | (1n << BigInt(constants[name])), 0n);
}

/** The names in a mask; bits this build has no name for are left out. */
export function capabilitiesOf(mask: bigint): CapabilityName[] {
  return capabilityNames.filter((name) => (mask >> BigInt(constants[name])) & 1n);
}
