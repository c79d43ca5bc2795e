/**
 * A path inside the container, walked name by name on descriptors and made where it is missing. What another
 * container may be swapping at the same moment (in a folder both have mounted) can lead the walk elsewhere in this
 * container, but not out of it: the root is the container's own by now, and links of /proc that jump to what a
 * descriptor holds are refused (RESOLVE_NO_MAGICLINKS). openat2(2), path_resolution(7).
 */
import { type Slot, type StepDraft, slot } from '../../step/step.ts';
import { quote, type Write } from './draft.ts';

export interface Walk {
  /** Of what is made; a folder unless told. */
  kind: 'file' | 'directory';
  /** Refuse every link: for the kernel's own file systems. */
  noLinks?: boolean;
}

/** Two slots in turn: a descriptor is closed once the next is open. */
const hands = [slot('here'), slot('there')] as const;

/**
 * @returns the steps, and the slot with a descriptor (O_PATH) of what lies at the path; whoever takes it closes it
 */
export function walk(
  write: Write,
  path: string,
  { kind, noLinks = false }: Walk,
): { steps: StepDraft[]; at: Slot } {
  const names = path.split('/').filter(Boolean);
  const steps = names.flatMap((name, i) => {
    const from = i === 0 ? undefined : hand(i - 1);
    const isFile = kind === 'file' && i === names.length - 1;
    return [
      isFile
        ? makeFile(write, from, name, path)
        : makeFolder(write, from, name, names.slice(0, i + 1)),
      open(write, from, name, { to: hand(i), isFile, noLinks }),
      ...(from ? [close(write, from)] : []),
    ];
  });
  return { steps, at: hand(names.length - 1) };
}

export function close(write: Write, fd: Slot): StepDraft {
  return write('close', { fd }, 'not needed any more', `# close ${fd.slot}`);
}

function hand(i: number): Slot {
  return hands[i % 2] as Slot;
}

function makeFolder(
  write: Write,
  from: Slot | undefined,
  name: string,
  names: readonly string[],
): StepDraft {
  const path = `/${names.join('/')}`;
  return write(
    'mkdirat',
    { dir: from ?? 'AT_FDCWD', path: from ? name : `/${name}`, mode: 0o755 },
    `${path} is made if it is not there`,
    `mkdir -p ${quote(path)}`,
    { accept: 'EEXIST' },
  );
}

function makeFile(write: Write, from: Slot | undefined, name: string, path: string): StepDraft {
  return write(
    'openat2',
    {
      dir: from ?? 'AT_FDCWD',
      path: from ? name : `/${name}`,
      flags: ['O_WRONLY', 'O_CREAT', 'O_EXCL', 'O_CLOEXEC'],
      mode: 0o644,
      resolve: ['RESOLVE_NO_MAGICLINKS'],
    },
    'an empty file to mount on, made only if nothing is there',
    `[ -e ${quote(path)} ] || : > ${quote(path)}`,
    { accept: 'EEXIST' },
  );
}

function open(
  write: Write,
  from: Slot | undefined,
  name: string,
  { to, isFile, noLinks }: { to: Slot; isFile: boolean; noLinks: boolean },
): StepDraft {
  return write(
    'openat2',
    {
      dir: from ?? 'AT_FDCWD',
      path: from ? name : `/${name}`,
      flags: ['O_PATH', ...(isFile ? [] : ['O_DIRECTORY']), 'O_CLOEXEC'],
      resolve: ['RESOLVE_NO_MAGICLINKS', ...(noLinks ? ['RESOLVE_NO_SYMLINKS'] : [])],
      out: to,
    },
    'held by a descriptor it cannot be swapped any more; a link out of the container is refused',
    `# hold ${quote(name)}`,
  );
}
