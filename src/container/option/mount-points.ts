/**
 * What a user mounts into a container: `-v`, `--mount` and `--tmpfs` as one list, checked, in the order they are
 * mounted (the shallower first, so that none covers another by accident). Pure. Messages are docker's
 * (moby volume/mounts/linux_parser.go).
 */
import { posix } from 'node:path';
import { InvalidError, NotBuiltError } from '../../errors/errors.ts';
import type { HostConfig, MountSpec } from '../config.ts';
import { parseTmpfs } from './tmpfs.ts';

export type Propagation = 'private' | 'rprivate' | 'slave' | 'rslave' | 'shared' | 'rshared';

export interface BindMount {
  type: 'bind';
  source: string;
  target: string;
  /** As it was written after the second colon, for `inspect`. */
  mode: string;
  readOnly: boolean;
  /** Mounts below the source come along. */
  recursive: boolean;
  /** They become read-only too. */
  readOnlyRecursive: boolean;
  propagation: Propagation;
  /** A source that is not there is made (`-v`), not refused (`--mount`). */
  makesSource: boolean;
}

export interface TmpfsMount {
  type: 'tmpfs';
  target: string;
  flags: string[];
  data: string;
  /** By `--mount`: `inspect` lists it among the mounts. */
  listed: boolean;
}

export type MountPoint = BindMount | TmpfsMount;

const PROPAGATIONS = ['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared'];
const MAX_PATH_BYTES = 4095;
const MAX_NAME_BYTES = 255;
/** A plan has room for a thousand steps: a mount is six, and three for each name on the way to its target. */
const MAX_STEPS = 700;

/** @throws InvalidError (400), NotBuiltError for volumes */
export function mountPoints(
  host: Pick<HostConfig, 'Binds' | 'Mounts' | 'Tmpfs'>,
): readonly MountPoint[] {
  const all: MountPoint[] = [
    ...(host.Binds ?? []).map(parseBind),
    ...(host.Mounts ?? []).map(parseMount),
    ...Object.entries(host.Tmpfs ?? {}).map(([target, options]) => tmpfs(target, options, false)),
  ];
  refuseDuplicates(all);
  const steps = all.reduce((sum, { target }) => sum + 6 + 3 * depth(target), 0);
  if (steps > MAX_STEPS)
    throw new InvalidError(
      `too many mounts: ${all.length} would take ${steps} steps, at most ${MAX_STEPS} are possible`,
    );
  return all.sort((a, b) => depth(a.target) - depth(b.target));
}

/** `source:target[:mode]` */
function parseBind(spec: string): BindMount {
  const invalid = (why: string) =>
    new InvalidError(`invalid volume specification: '${spec}'${why && `: ${why}`}`);
  const [source = '', target = '', mode = '', ...more] = spec.split(':');
  if (more.length > 0 || source === '' || target === '') throw invalid('');
  if (!source.startsWith('/')) throw unbuiltVolume('--volume', source);
  return {
    type: 'bind',
    source: path(source, invalid),
    target: targetPath(target, (why) => invalid(`invalid mount config for type "bind": ${why}`)),
    makesSource: true,
    recursive: true,
    readOnlyRecursive: true,
    mode,
    ...parseMode(mode),
  };
}

/** `ro,z,rslave`: each kind at most once. SELinux's letters and `nocopy` change nothing here. */
function parseMode(mode: string): Pick<BindMount, 'readOnly' | 'propagation'> {
  const words = mode === '' ? [] : mode.split(',');
  const kinds = [
    ['ro', 'rw'],
    ['z', 'Z'],
    PROPAGATIONS,
    ['nocopy'],
    ['consistent', 'cached', 'delegated'],
  ];
  const isKnown = words.every((word) => kinds.some((kind) => kind.includes(word)));
  const isOnce = kinds.every((kind) => words.filter((word) => kind.includes(word)).length <= 1);
  if (!isKnown || !isOnce) throw new InvalidError(`invalid mode: ${mode}`);
  return {
    readOnly: words.includes('ro'),
    propagation: (words.find((word) => PROPAGATIONS.includes(word)) as Propagation) ?? 'rprivate',
  };
}

function parseMount(spec: MountSpec): MountPoint {
  const type = spec.Type ?? '';
  const invalid = (why: string) =>
    new InvalidError(`invalid mount config for type "${type}": ${why}`);
  if (!['bind', 'tmpfs', 'volume', 'npipe', 'cluster', 'image'].includes(type))
    throw invalid('mount type unknown');
  if (!spec.Target) throw invalid('field Target must not be empty');
  if (type === 'volume') throw unbuiltVolume('--mount type=volume', spec.Source ?? '');
  if (type === 'bind') return bindOf(spec, invalid);
  if (type === 'tmpfs') return tmpfsOf(spec, invalid);
  throw invalid('mount type unknown');
}

function bindOf(spec: MountSpec, invalid: (why: string) => InvalidError): BindMount {
  const options = spec.BindOptions ?? {};
  if (!spec.Source) throw invalid('field Source must not be empty');
  if (spec.VolumeOptions) throw invalid('field VolumeOptions must not be specified');
  if (spec.TmpfsOptions) throw invalid('field TmpfsOptions must not be specified');
  const propagation = options.Propagation || 'rprivate';
  if (!PROPAGATIONS.includes(propagation))
    throw invalid(`invalid propagation mode: ${propagation}`);
  return {
    type: 'bind',
    source: path(spec.Source, invalid),
    target: targetPath(spec.Target ?? '', invalid),
    mode: '',
    readOnly: spec.ReadOnly ?? false,
    recursive: !options.NonRecursive,
    readOnlyRecursive: !options.ReadOnlyNonRecursive,
    propagation: propagation as Propagation,
    makesSource: options.CreateMountpoint ?? false,
  };
}

function tmpfsOf(spec: MountSpec, invalid: (why: string) => InvalidError): TmpfsMount {
  const { SizeBytes = 0, Mode = 0, Options } = spec.TmpfsOptions ?? {};
  if (spec.Source) throw invalid('field Source must not be specified');
  if (spec.BindOptions) throw invalid('field BindOptions must not be specified');
  if (spec.VolumeOptions) throw invalid('field VolumeOptions must not be specified');
  const words = [
    ...(Options ?? []).map((option) => option.join('=')),
    ...(spec.ReadOnly ? ['ro'] : []),
    ...(SizeBytes ? [`size=${SizeBytes}`] : []),
    ...(Mode ? [`mode=${Mode.toString(8)}`] : []),
  ];
  return tmpfs(spec.Target ?? '', words.join(','), true);
}

function tmpfs(target: string, options: string, listed: boolean): TmpfsMount {
  const invalid = (why: string) => new InvalidError(`invalid tmpfs mount ${target}: ${why}`);
  return { type: 'tmpfs', target: targetPath(target, invalid), listed, ...parseTmpfs(options) };
}

function unbuiltVolume(option: string, name: string): NotBuiltError {
  return new NotBuiltError(
    `volumes are not built yet (${option}): ${name || 'a volume without a name'} cannot be mounted: bind a folder of the host by its absolute path instead`,
  );
}

function path(text: string, invalid: (why: string) => InvalidError): string {
  if (!text.startsWith('/'))
    throw invalid(`invalid mount path: '${text}' mount path must be absolute`);
  const normal = posix.normalize(text).replace(/(.)\/$/, '$1');
  const isLong = (part: string) => Buffer.byteLength(part) > MAX_NAME_BYTES;
  if (Buffer.byteLength(normal) > MAX_PATH_BYTES || normal.split('/').some(isLong))
    throw invalid('the path, or a name in it, is longer than the kernel takes');
  return normal;
}

/** Nothing may lie over /proc: what is checked and hidden there must be what it seems (CVE-2019-19921). */
function targetPath(text: string, invalid: (why: string) => InvalidError): string {
  const target = path(text, invalid);
  if (target === '/') throw invalid("invalid specification: destination can't be '/'");
  if (target === '/proc' || target.startsWith('/proc/'))
    throw invalid(`${JSON.stringify(target)} cannot be mounted because it is inside /proc`);
  return target;
}

function refuseDuplicates(all: readonly MountPoint[]): void {
  const seen = new Set<string>();
  for (const { target } of all) {
    if (seen.has(target)) throw new InvalidError(`Duplicate mount point: ${target}`);
    seen.add(target);
  }
}

/** How many names the path has. */
export function depth(target: string): number {
  return target.split('/').filter(Boolean).length;
}
