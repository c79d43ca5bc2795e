/**
 * Options of the driver `local`: none is a folder of the engine's own, else `type`, `device` and `o` are those of
 * mount(8). Messages are docker's (moby volume/local/local_unix.go). Pure.
 *
 *     type=tmpfs device=tmpfs o=size=64m,mode=700
 *     type=none  device=/srv/data o=bind
 *     type=nfs   device=:/export o=addr=10.0.0.2,rw
 */
import { InvalidError } from '../errors/errors.ts';
import { mountWords } from '../kernel/mount-words.ts';

export type DriverOptions = Readonly<Record<string, string>>;

/** What is mounted on the volume's folder while a container uses it. */
export interface VolumeDevice {
  source: string;
  fstype: string;
  flags: string[];
  data: string;
}

const KNOWN = ['type', 'o', 'device', 'size'];
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  device: ['type'],
  type: ['device'],
  o: ['device', 'type'],
};
/** What a volume's mount may not do: change another one, or spread into other places. */
const REFUSED = /^(remount|move|r?shared|r?slave|r?private|r?unbindable)$/;
/** What is spoken with over a network: it may keep a call waiting for long. */
const REMOTE = /^(nfs4?|cifs|smb3|ceph|9p|glusterfs|fuse\..*)$/;

/** @throws InvalidError */
export function assertDriverOptions(options: DriverOptions): void {
  const unknown = Object.keys(options).find((key) => !KNOWN.includes(key));
  if (unknown !== undefined) throw new InvalidError(`invalid option: ${JSON.stringify(unknown)}`);
  if (options.size !== undefined)
    throw new InvalidError('quota size requested but no quota support');
  for (const key of Object.keys(options))
    for (const required of REQUIRED[key] ?? [])
      if (options[required] === undefined)
        throw new InvalidError(`missing required option: ${JSON.stringify(required)}`);
  const bad = words(options).find((word) => REFUSED.test(word));
  if (bad !== undefined)
    throw new InvalidError(`invalid option: "o": a volume cannot be mounted with ${bad}`);
  if (Object.values(options).some((value) => value.includes('\0')))
    throw new InvalidError('invalid option: a NUL is not allowed');
}

/** @returns undefined for a volume that is a folder of the engine's own */
export function deviceOf(options: DriverOptions | null): VolumeDevice | undefined {
  if (options?.device === undefined) return undefined;
  const flags = new Set<string>();
  const data: string[] = [];
  for (const word of words(options)) {
    const known = Object.hasOwn(mountWords, word) ? mountWords[word] : undefined;
    if (known?.[1]) flags.add(known[0]);
    else if (known) flags.delete(known[0]);
    else if (word === 'bind' || word === 'rbind')
      for (const flag of ['MS_BIND', ...(word === 'rbind' ? ['MS_REC'] : [])]) flags.add(flag);
    else if (word !== 'defaults') data.push(word);
  }
  const { device, type = '' } = options;
  return { source: device, fstype: type, flags: [...flags], data: data.join(',') };
}

export function isRemote({ fstype }: VolumeDevice): boolean {
  return REMOTE.test(fstype);
}

function words({ o = '' }: DriverOptions): string[] {
  return o.split(',').filter(Boolean);
}
