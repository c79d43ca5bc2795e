/**
 * The device of a volume (a tmpfs, a folder of the host, an NFS export) is mounted on the volume's folder while
 * somebody needs it: from the start of the first container that has it until the end of the last. It is the host's
 * mount, as it is one for all of them; containers take hold of it as of any folder. mount(2), umount2(2)
 */
import { lookup } from 'node:dns/promises';
import { readFileSync, realpathSync } from 'node:fs';
import { isIP } from 'node:net';
import { InvalidError, KernelError } from '../errors/errors.ts';
import { mountInBackground, umount2 } from '../kernel/mount-calls.ts';
import { parseMountinfo } from '../kernel/mountinfo.ts';
import type { VolumeDevice } from './options.ts';
import type { Volume } from './store.ts';

/**
 * @param holder who has the volume before his eyes from now on, until `unmountFor`
 * @throws InvalidError when the kernel refuses its device, with docker's words
 */
export async function mountFor(volume: Volume, holder: string): Promise<void> {
  await volume.lock.run(async () => {
    if (volume.device && !isMounted(volume)) await mountDevice(volume, volume.device);
    volume.holders.add(holder);
  });
}

/** Idempotent. */
export async function unmountFor(volume: Volume, holder: string): Promise<void> {
  await volume.lock.run(async () => {
    volume.holders.delete(holder);
    unmountNow(volume);
  });
}

/** Also what an earlier engine has left mounted. */
export async function unmountIdle(volume: Volume): Promise<void> {
  await volume.lock.run(async () => unmountNow(volume));
}

/** Lazily: whoever has a file of it open keeps it, and a server that does not answer keeps nobody. */
function unmountNow(volume: Volume): void {
  if (!volume.device || volume.holders.size > 0) return;
  while (isMounted(volume)) umount2(volume.paths.data, ['MNT_DETACH']);
}

function isMounted({ paths }: Volume): boolean {
  const place = realpathSync(paths.data);
  const mounts = parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8'));
  return mounts.some(({ target }) => target === place);
}

async function mountDevice({ paths }: Volume, device: VolumeDevice): Promise<void> {
  const { source, fstype, flags } = device;
  const target = paths.data;
  const data = await withAddress(device);
  try {
    await mountInBackground({ source, target, fstype, flags, data: data || null });
    // A bind takes its other flags by a second call only: mount(2), "Creating a bind mount".
    if (flags.includes('MS_BIND') && flags.some((flag) => !['MS_BIND', 'MS_REC'].includes(flag)))
      await mountInBackground({
        source: null,
        target,
        fstype: null,
        flags: ['MS_REMOUNT', ...flags.filter((flag) => flag !== 'MS_REC')],
      });
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    const shown = data.replace(/password=[^,]*/, 'password=********');
    const options = shown === '' ? '' : `, data: ${shown}`;
    throw new InvalidError(
      `failed to mount local volume: mount ${source}:${target}${options}: ${reasonOf(error)}`,
      { cause: error },
    );
  }
}

/** The kernel takes a server's address only. */
async function withAddress({ fstype, data }: VolumeDevice): Promise<string> {
  const [, host = ''] = /(?:^|,)addr=([^,]*)/.exec(data) ?? [];
  if (!['nfs', 'nfs4', 'cifs'].includes(fstype) || host === '' || isIP(host) !== 0) return data;
  try {
    const { address } = await lookup(host);
    return data.replace(/(^|,)addr=[^,]*/, `$1addr=${address}`);
  } catch (error) {
    throw new InvalidError(
      `error resolving passed in network volume address: lookup ${host}: no such host`,
      { cause: error },
    );
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENODEV: 'no such device: the kernel does not know this type',
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  ECONNREFUSED: 'connection refused',
  ETIMEDOUT: 'connection timed out',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EINVAL: 'invalid argument',
  EPROTONOSUPPORT: 'protocol not supported',
  ENOTBLK: 'block device required',
};

function reasonOf({ code }: KernelError): string {
  return reasons[code] ?? code;
}
