/**
 * Unpacks one layer into a folder, in overlayfs's own form (whiteouts as 0:0 devices, opaque directories as
 * an attribute), so that the folder can be a `lowerdir` as it is.
 *
 * Contract
 * - Every path is walked from the folder's descriptor by openat2 with RESOLVE_BENEATH and
 *   RESOLVE_NO_SYMLINKS, each time anew: nothing is written through a link, nothing is remembered.
 * - What is created is created with O_EXCL or its like, then changed by descriptor only.
 * - The event loop is not held: file data is written in the background, entries in slices of some ms.
 *
 * OCI image-spec layer.md; symlink(7), openat2(2)
 */
import { closeSync, fstatSync } from 'node:fs';
import { InvalidError } from '../errors/errors.ts';
import { constants } from '../kernel/ffi.ts';
import {
  changeTimes,
  makeDirectoryAt,
  makeLinkAt,
  makeNodeAt,
  makeSymlinkAt,
  openBeneath,
  type Time,
} from '../kernel/files-at.ts';
import { Breather } from './breather.ts';
import { applyMetadata, changeMode, setOpaque } from './metadata.ts';
import { blame, Refusal } from './refusal.ts';
import { hasCode, removeAt } from './remove-at.ts';
import { defaultLimits, type TarLimits } from './tar/limits.ts';
import { readTar, type TarEntry } from './tar/read.ts';
import { components, isKeptXattr, joined, meaningOf, meaningOfPath, show } from './unpack-names.ts';
import { writeBody } from './write-body.ts';

/** How paths are opened and names judged; tests put weaker ones in their place to see the corpus bite. */
export interface UnpackRules {
  open: typeof openBeneath;
  components: typeof components;
  meaningOf: typeof meaningOf;
  isKeptXattr: typeof isKeptXattr;
  /** True for the 0:0 device, by which overlayfs hides what lies below: an image may not bring it. */
  isSmuggledWhiteout: (entry: TarEntry) => boolean;
  /** True where a symbolic link may stand for the folder it leads to. */
  entersLinks?: boolean;
  /** Throws a Refusal when an entry may not take the place of what is there. */
  assertReplaceable?: (existing: Existing, entry: TarEntry) => void;
}

export const strictRules: UnpackRules = {
  open: openBeneath,
  components,
  meaningOf,
  isKeptXattr,
  isSmuggledWhiteout: (entry) =>
    entry.type === 'char' && entry.devMajor === 0 && entry.devMinor === 0,
};

export interface UnpackResult {
  /** Sum of the sizes of the regular files, bytes. */
  sizeBytes: number;
  entries: number;
}

/**
 * @param source the uncompressed archive
 * @param root descriptor of an empty folder
 * @throws InvalidError for an archive that is malformed or tries to get out; the folder is then half full
 */
export async function unpack(
  source: AsyncIterable<Buffer>,
  root: number,
  limits: TarLimits = defaultLimits,
  rules: UnpackRules = strictRules,
): Promise<UnpackResult> {
  const unpacker = new Unpacker(root, limits, rules);
  for await (const entry of readTar(source, limits)) await unpacker.add(entry);
  await unpacker.finish();
  return { sizeBytes: unpacker.sizeBytes, entries: unpacker.entries };
}

const { O_PATH, O_DIRECTORY, O_NOFOLLOW, O_WRONLY, O_CREAT, O_EXCL } = constants;

/** What lies where an entry is to be put. */
export type Existing = 'nothing' | 'directory' | 'whiteout' | 'symlink' | 'other';

/** Unpacks entry by entry; `finish` comes after the last. */
export class Unpacker {
  sizeBytes = 0;
  entries = 0;
  /** Directories' times, set when nothing more is put into them. Bytes as latin1: that is a quarter of a Buffer. */
  readonly #directoryTimes: { path: string; mtime: Time }[] = [];
  readonly #breather = new Breather();

  constructor(
    readonly root: number,
    readonly limits: TarLimits,
    readonly rules: UnpackRules,
  ) {}

  async add(entry: TarEntry): Promise<void> {
    this.entries++;
    await this.#breather.breathe();
    const path = this.rules.components(entry.path, this.limits);
    const name = path.at(-1);
    if (!name) return this.#addRoot(entry);
    const meaning = meaningOfPath(path, this.rules.meaningOf);
    if (meaning.kind === 'ignored' || this.rules.isSmuggledWhiteout(entry)) return;
    try {
      const parent = await this.#openParent(path);
      await withDescriptor(parent, async () => {
        if (meaning.kind === 'opaque') setOpaque(parent);
        else if (meaning.kind === 'whiteout') await this.#hide(parent, meaning.name);
        else await this.#create(parent, name, path, entry);
      });
    } catch (error) {
      throw blame(error, entry);
    }
  }

  async finish(): Promise<void> {
    for (const { path, mtime } of this.#directoryTimes.reverse()) {
      await this.#breather.breathe();
      this.#setDirectoryTime(path, mtime);
    }
  }

  #addRoot(entry: TarEntry): void {
    if (entry.type !== 'directory')
      throw new InvalidError(`invalid archive: entry ${show(entry.path)} would replace the root`);
    applyMetadata(this.root, entry, this.rules.isKeptXattr);
    this.#directoryTimes.push({ path: '.', mtime: entry.mtime });
  }

  /** Opens the folder an entry lies in; folders that the archive does not mention are made, 0755. */
  async #openParent(path: Buffer[]): Promise<number> {
    const folders = path.slice(0, -1);
    try {
      return this.#openDirectory(this.root, joined(folders));
    } catch (error) {
      if (!hasCode(error, 'ENOENT') && !hasCode(error, 'ENOTDIR')) throw error;
    }
    for (let depth = 1; depth <= folders.length; depth++) {
      const parent = this.#openDirectory(this.root, joined(folders.slice(0, depth - 1)));
      await withDescriptor(parent, () => this.#ensureDirectory(parent, folders.slice(0, depth)));
    }
    return this.#openDirectory(this.root, joined(folders));
  }

  async #ensureDirectory(parent: number, path: Buffer[]): Promise<void> {
    const name = path.at(-1) as Buffer;
    const existing = this.#look(parent, name);
    if (existing === 'symlink' && this.rules.entersLinks)
      return closeSync(this.#openDirectory(this.root, joined(path)));
    if (existing === 'symlink') throw new Refusal('leads through a symbolic link');
    if (existing === 'other') throw new Refusal('leads through something that is no directory');
    if (existing !== 'directory') await this.#makeDirectory(parent, name, existing);
  }

  /** A directory in place of a whiteout of the same layer hides what lies below, so it is opaque. */
  async #makeDirectory(parent: number, name: Buffer, existing: Existing): Promise<void> {
    if (existing !== 'nothing') await removeAt(parent, name, this.#breather);
    makeDirectoryAt(parent, name, 0o700);
    const fd = this.#openDirectory(parent, name);
    await withDescriptor(fd, () => {
      changeMode(fd, 0o755);
      if (existing === 'whiteout') setOpaque(fd);
    });
  }

  #openDirectory(from: number, path: Buffer): number {
    return this.rules.open(from, path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  }

  #look(parent: number, name: Buffer): Existing {
    let fd: number;
    try {
      fd = this.rules.open(parent, name, O_PATH | O_NOFOLLOW);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return 'nothing';
      throw error;
    }
    const stat = fstatSync(fd);
    closeSync(fd);
    if (stat.isDirectory()) return 'directory';
    if (stat.isSymbolicLink()) return 'symlink';
    return stat.isCharacterDevice() && stat.rdev === 0 ? 'whiteout' : 'other';
  }

  /** A whiteout speaks of the layers below; what this layer itself has under that name stays. */
  async #hide(parent: number, name: Buffer): Promise<void> {
    const existing = this.#look(parent, name);
    if (existing === 'nothing') makeNodeAt(parent, name, constants.S_IFCHR, 0, 0);
    if (existing !== 'directory') return;
    const fd = this.#openDirectory(parent, name);
    await withDescriptor(fd, () => setOpaque(fd));
  }

  /** The last entry of a name wins, except that directories are merged. */
  async #create(parent: number, name: Buffer, path: Buffer[], entry: TarEntry): Promise<void> {
    const existing = this.#look(parent, name);
    this.rules.assertReplaceable?.(existing, entry);
    if (entry.type === 'link') return this.#makeLink(parent, name, entry, existing);
    if (entry.type === 'directory') {
      if (existing !== 'directory') await this.#makeDirectory(parent, name, existing);
      const bytes = joined(path).toString('latin1');
      this.#directoryTimes.push({ path: bytes, mtime: entry.mtime });
    } else {
      if (existing !== 'nothing') await removeAt(parent, name, this.#breather);
      if (entry.type === 'file') return this.#makeFile(parent, name, entry);
      if (entry.type === 'symlink') makeSymlinkAt(entry.linkPath, parent, name);
      else makeNodeAt(parent, name, ...deviceOf(entry));
    }
    const fd = this.rules.open(parent, name, O_PATH | O_NOFOLLOW);
    await withDescriptor(fd, () => applyMetadata(fd, entry, this.rules.isKeptXattr));
  }

  async #makeFile(parent: number, name: Buffer, entry: TarEntry): Promise<void> {
    const fd = this.rules.open(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    await withDescriptor(fd, async () => {
      await writeBody(fd, entry);
      applyMetadata(fd, entry, this.rules.isKeptXattr);
      this.sizeBytes += entry.size;
    });
  }

  /** The target is a path from the image's root, resolved without following anything. */
  async #makeLink(parent: number, name: Buffer, entry: TarEntry, existing: Existing) {
    const target = this.rules.components(entry.linkPath, this.limits);
    const targetName = target.at(-1);
    if (!targetName || meaningOfPath(target, this.rules.meaningOf).kind !== 'plain')
      throw new Refusal('is a link to no file');
    const folder = this.#openDirectory(this.root, joined(target.slice(0, -1)));
    await withDescriptor(folder, async () => {
      if (this.#look(folder, targetName) === 'whiteout') throw new Refusal('links to a whiteout');
      // A link to itself must not remove itself first.
      const isItself =
        existing !== 'nothing' &&
        this.#identify(folder, targetName) === this.#identify(parent, name);
      if (isItself) return;
      if (existing !== 'nothing') await removeAt(parent, name, this.#breather);
      makeLinkAt(folder, targetName, parent, name);
    });
  }

  #identify(dir: number, name: Buffer): string {
    const fd = this.rules.open(dir, name, O_PATH | O_NOFOLLOW);
    const { dev, ino } = fstatSync(fd, { bigint: true });
    closeSync(fd);
    return `${dev}:${ino}`;
  }

  #setDirectoryTime(path: string, mtime: Time): void {
    let fd: number;
    try {
      fd = this.#openDirectory(this.root, Buffer.from(path, 'latin1'));
    } catch (error) {
      // A later entry put something else in the directory's place.
      if (['ENOENT', 'ENOTDIR', 'ELOOP'].some((code) => hasCode(error, code))) return;
      throw error;
    }
    changeTimes(fd, mtime, mtime);
    closeSync(fd);
  }
}

/**
 * For `assertReplaceable`: folders stay folders, all else stays all else.
 * @throws Refusal
 */
export function assertSameKind(existing: Existing, { type }: TarEntry): void {
  if (existing === 'nothing') return;
  const wasFolder = existing === 'directory';
  if (wasFolder && type !== 'directory')
    throw new Refusal('cannot overwrite a directory with a non-directory');
  if (!wasFolder && type === 'directory')
    throw new Refusal('cannot overwrite a non-directory with a directory');
}

/** Runs `use` and closes the descriptor, whatever happens. */
async function withDescriptor(fd: number, use: () => void | Promise<void>): Promise<void> {
  try {
    await use();
  } finally {
    closeSync(fd);
  }
}

function deviceOf(entry: TarEntry): [mode: number, major: number, minor: number] {
  if (entry.type === 'fifo') return [constants.S_IFIFO, 0, 0];
  const kind = entry.type === 'char' ? constants.S_IFCHR : constants.S_IFBLK;
  return [kind, entry.devMajor, entry.devMinor];
}
