/** `-v [SOURCE:]TARGET[:MODE]`, and what `VOLUME` says. Messages are docker's (moby volume/mounts/linux_parser.go). Pure. */
import { InvalidError } from '../../errors/errors.ts';
import { assertVolumeRequest } from '../../volume/create.ts';
import { mountPath, targetPath } from './mount-path.ts';
import {
  type BindMount,
  type MountPoint,
  type Propagation,
  propagations,
  type Refuse,
  type VolumeMount,
} from './mount-point.ts';

/**
 * @param driver of volumes that are not there (`--volume-driver`)
 * @throws InvalidError
 */
export function parseVolumeFlag(spec: string, driver: string): MountPoint {
  const invalid: Refuse = (why) =>
    new InvalidError(`invalid volume specification: '${spec}'${why && `: ${why}`}`);
  const [first = '', second, third, ...more] = spec.split(':');
  const hasEmpty = first === '' || second === '' || third === '' || more.length > 0;
  // `/path:ro` would be a volume without a name, which has no mode.
  if (hasEmpty || (second !== undefined && third === undefined && isMode(second)))
    throw invalid('');
  const [source, target, mode = ''] = second === undefined ? ['', first] : [first, second, third];
  const words = modeWords(mode);
  return source.startsWith('/')
    ? bind({ source, target, mode, words }, invalid)
    : namedVolume({ source, target, mode, words, driver }, invalid);
}

/** A volume without a name, by `VOLUME` of an image or by `-v /path`. @throws InvalidError */
export function anonymousVolume(path: string, driver: string): VolumeMount {
  const invalid: Refuse = (why) =>
    new InvalidError(`invalid mount config for type "volume": ${why}`);
  // Where it leads is not what it says: an image that climbs means no good.
  if (path.split('/').includes('..')) throw invalid(`invalid mount path: '${path}' has a '..'`);
  const target = targetPath(path, invalid);
  return volumeMount({ name: '', target, mode: '', readOnly: false, driver });
}

export function volumeMount(
  of: Pick<VolumeMount, 'name' | 'target' | 'mode' | 'readOnly'> & { driver: string },
): VolumeMount {
  const { driver, ...mount } = of;
  assertVolumeRequest({ name: mount.name, driver, labels: null, options: null });
  return {
    type: 'volume',
    ...mount,
    subpath: '',
    copies: true,
    isAnonymous: mount.name === '',
    make: { driver, labels: null, options: null },
  };
}

interface Parts {
  source: string;
  target: string;
  mode: string;
  words: readonly string[];
}

function bind({ source, target, mode, words }: Parts, invalid: Refuse): BindMount {
  const at = (why: string) => invalid(`invalid mount config for type "bind": ${why}`);
  return {
    type: 'bind',
    source: mountPath(source, at),
    target: targetPath(target, at),
    makesSource: true,
    recursive: true,
    readOnlyRecursive: true,
    mode,
    readOnly: words.includes('ro'),
    propagation: (words.find((word) => propagations.includes(word)) as Propagation) ?? 'rprivate',
  };
}

function namedVolume(
  { source, target, mode, words, driver }: Parts & { driver: string },
  invalid: Refuse,
): VolumeMount {
  const at = (why: string) => invalid(`invalid mount config for type "volume": ${why}`);
  if (words.some((word) => propagations.includes(word)))
    throw at('field BindOptions must not be specified');
  const readOnly = words.includes('ro');
  const mount = volumeMount({
    name: source,
    target: targetPath(target, at),
    mode,
    readOnly,
    driver,
  });
  // Docker's engine says so of each that has no mode: it may be given a label of SELinux's.
  return { ...mount, mode: mode || 'z', copies: !words.includes('nocopy') };
}

const kinds = [
  ['ro', 'rw'],
  ['z', 'Z'],
  propagations,
  ['nocopy'],
  ['consistent', 'cached', 'delegated'],
];

/** `ro,z,rslave`: each kind at most once. SELinux's letters change nothing here. @throws InvalidError */
export function modeWords(mode: string): string[] {
  if (!isMode(mode)) throw new InvalidError(`invalid mode: ${mode}`);
  return mode === '' ? [] : mode.split(',');
}

function isMode(mode: string): boolean {
  const words = mode === '' ? [] : mode.split(',');
  const isKnown = words.every((word) => kinds.some((kind) => kind.includes(word)));
  return isKnown && kinds.every((kind) => words.filter((word) => kind.includes(word)).length <= 1);
}
