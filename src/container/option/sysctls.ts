/**
 * `--sysctl KEY=VALUE`: only what a namespace of the container's own makes private to it, in a strict grammar, so that
 * no key is a path to somewhere else and no value smuggles a second line. sysctl(8), namespaces(7). Pure.
 */
import { InvalidError } from '../../errors/errors.ts';
import type { HostConfig } from '../config.ts';

const IPC_KEYS = new Set(
  'msgmax msgmnb msgmni sem shmall shmmax shmmni shm_rmid_forced'
    .split(' ')
    .map((name) => `kernel.${name}`),
);
const KEY = /^[a-z]+(\.[a-zA-Z0-9_-]+)+$/;
const VALUE = /^[\x20-\x7e\t]{1,1024}$/;

export interface Sysctl {
  key: string;
  /** Under /proc/sys. */
  path: string;
  value: string;
}

/** @throws InvalidError naming the key and why it is refused */
export function sysctls(
  host: Pick<HostConfig, 'Sysctls' | 'NetworkMode' | 'IpcMode'>,
): readonly Sysctl[] {
  return Object.entries(host.Sysctls ?? {}).map(([key, value]) => {
    assertKey(key, host);
    if (!VALUE.test(value))
      throw new InvalidError(
        `invalid value for sysctl '${key}': it must be one line of printable characters`,
      );
    return { key, path: `/proc/sys/${key.replaceAll('.', '/')}`, value };
  });
}

function assertKey(
  key: string,
  { NetworkMode, IpcMode }: Pick<HostConfig, 'NetworkMode' | 'IpcMode'>,
): void {
  const isNet = key.startsWith('net.');
  const isIpc = IPC_KEYS.has(key) || key.startsWith('fs.mqueue.');
  if (!KEY.test(key) || key.length > 256 || !(isNet || isIpc))
    throw new InvalidError(
      `sysctl '${key.replace(/[^\x20-\x7e]/g, '?')}' is not allowed: only net.*, kernel.msg*, kernel.sem, kernel.shm* and fs.mqueue.* belong to a container`,
    );
  if (isNet && isShared(NetworkMode))
    throw new InvalidError(`sysctl '${key}' not allowed in ${NetworkMode} network namespace`);
  if (isIpc && isShared(IpcMode))
    throw new InvalidError(`sysctl '${key}' not allowed in ${IpcMode} ipc namespace`);
}

function isShared(mode: string): boolean {
  return mode === 'host' || mode.startsWith('container:');
}
