/** `--mount type=…,src=…,dst=…`, the API's `Mount`. Messages are docker's (moby volume/mounts/linux_parser.go). Pure. */
import { InvalidError } from '../../errors/errors.ts';
import { assertVolumeRequest } from '../../volume/create.ts';
import type { MountSpec } from '../config.ts';
import { mountPath, targetPath } from './mount-path.ts';
import {
  type BindMount,
  type MountPoint,
  type Propagation,
  propagations,
  type Refuse,
  type TmpfsMount,
  type VolumeMount,
} from './mount-point.ts';
import { parseTmpfs } from './tmpfs.ts';

/** @throws InvalidError */
export function parseMountFlag(spec: MountSpec): MountPoint {
  const type = spec.Type ?? '';
  const invalid: Refuse = (why) =>
    new InvalidError(`invalid mount config for type "${type}": ${why}`);
  const parse = Object.hasOwn(parsers, type) ? parsers[type] : undefined;
  if (!parse) throw invalid('mount type unknown');
  if (!spec.Target) throw invalid('field Target must not be empty');
  const options = Object.entries({
    BindOptions: 'bind',
    VolumeOptions: 'volume',
    TmpfsOptions: 'tmpfs',
  }).find(([field, of]) => of !== type && spec[field as keyof MountSpec] !== undefined);
  if (options) throw invalid(`field ${options[0]} must not be specified`);
  return parse(spec, invalid);
}

const parsers: Readonly<Record<string, (spec: MountSpec, invalid: Refuse) => MountPoint>> = {
  bind: bindOf,
  volume: volumeOf,
  tmpfs: tmpfsOf,
};

function bindOf(spec: MountSpec, invalid: Refuse): BindMount {
  const options = spec.BindOptions ?? {};
  if (!spec.Source) throw invalid('field Source must not be empty');
  const propagation = options.Propagation || 'rprivate';
  if (!propagations.includes(propagation))
    throw invalid(`invalid propagation mode: ${propagation}`);
  return {
    type: 'bind',
    source: mountPath(spec.Source, invalid),
    target: targetPath(spec.Target ?? '', invalid),
    mode: '',
    readOnly: spec.ReadOnly ?? false,
    recursive: !options.NonRecursive,
    readOnlyRecursive: !options.ReadOnlyNonRecursive,
    propagation: propagation as Propagation,
    makesSource: options.CreateMountpoint ?? false,
  };
}

function volumeOf(spec: MountSpec, invalid: Refuse): VolumeMount {
  const { NoCopy, Labels, Subpath = '', DriverConfig } = spec.VolumeOptions ?? {};
  const name = spec.Source ?? '';
  const { Name: driver = '', Options } = DriverConfig ?? {};
  if (name === '' && Subpath !== '')
    throw invalid('must not set Subpath when using anonymous volumes');
  if (Subpath !== '' && !isLocal(Subpath))
    throw invalid('subpath must be a relative path within the volume');
  if (name === '' && spec.ReadOnly)
    throw invalid('must not set ReadOnly mode when using anonymous volumes');
  const make = { driver, labels: Labels ?? null, options: Options ?? null };
  assertVolumeRequest({ name, ...make });
  return {
    type: 'volume',
    name,
    target: targetPath(spec.Target ?? '', invalid),
    mode: 'z',
    readOnly: spec.ReadOnly ?? false,
    subpath: Subpath,
    copies: !NoCopy,
    isAnonymous: name === '',
    make,
  };
}

/** Go's filepath.IsLocal: it stays below where it begins. */
function isLocal(path: string): boolean {
  let depth = 0;
  for (const name of path.split('/')) {
    if (name === '..') depth--;
    else if (name !== '' && name !== '.') depth++;
    if (depth < 0) return false;
  }
  return !path.startsWith('/');
}

function tmpfsOf(spec: MountSpec, invalid: Refuse): TmpfsMount {
  const { SizeBytes = 0, Mode = 0, Options } = spec.TmpfsOptions ?? {};
  if (spec.Source) throw invalid('field Source must not be specified');
  const words = [
    ...(Options ?? []).map((option) => option.join('=')),
    ...(spec.ReadOnly ? ['ro'] : []),
    ...(SizeBytes ? [`size=${SizeBytes}`] : []),
    ...(Mode ? [`mode=${Mode.toString(8)}`] : []),
  ];
  return tmpfsMount(spec.Target ?? '', words.join(','), true);
}

/** @param listed by `--mount` @throws InvalidError */
export function tmpfsMount(target: string, options: string, listed: boolean): TmpfsMount {
  const invalid: Refuse = (why) => new InvalidError(`invalid tmpfs mount ${target}: ${why}`);
  return { type: 'tmpfs', target: targetPath(target, invalid), listed, ...parseTmpfs(options) };
}
