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
import { chmodSync, closeSync, fstatSync } from 'node:fs';
import { InvalidError } from '../errors/errors.ts';
import { constants } from '../kernel/ffi.ts';
import {
  changeOwner,
  changeTimes,
  makeDirectoryAt,
  makeLinkAt,
  makeNodeAt,
  makeSymlinkAt,
  openBeneath,
  setXattr,
  type Time,
} from '../kernel/files-at.ts';
import { Breather } from './breather.ts';
import { hasCode, removeAt } from './remove-tree.ts';
import { defaultLimits, type TarLimits } from './tar/limits.ts';
import { readTar, type TarEntry } from './tar/read.ts';
import { components, isKeptXattr, meaningOf, show } from './unpack-names.ts';
import { writeBody } from './write-body.ts';

/** How paths are opened and names judged; tests put weaker ones in their place to see the corpus bite. */
export interface UnpackRules {
  open: typeof openBeneath;
  components: typeof components;
  meaningOf: typeof meaningOf;
  isKeptXattr: typeof isKeptXattr;
}

export const strictRules: UnpackRules = { open: openBeneath, components, meaningOf, isKeptXattr };

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

class Unpacker {
  sizeBytes = 0;
  entries = 0;
  /** Directories' times, set when nothing more is put into them. */
  readonly #directoryTimes: { path: Buffer[]; mtime: Time }[] = [];
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
    const meaning = this.rules.meaningOf(name);
    if (meaning.kind === 'ignored' || isWhiteoutDevice(entry)) return;
    const parent = await this.#openParent(path, entry);
    try {
      if (meaning.kind === 'opaque') setOpaque(parent);
      else if (meaning.kind === 'whiteout') this.#hide(parent, meaning.name);
      else await this.#create(parent, name, path, entry);
    } finally {
      closeSync(parent);
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
    this.#applyMetadata(this.root, entry);
    this.#directoryTimes.push({ path: [], mtime: entry.mtime });
  }

  /** Opens the folder an entry lies in; folders that the archive does not mention are made, 0755. */
  async #openParent(path: Buffer[], entry: TarEntry): Promise<number> {
    const folders = path.slice(0, -1);
    try {
      return this.#openDirectory(folders);
    } catch (error) {
      if (!hasCode(error, 'ENOENT') && !hasCode(error, 'ENOTDIR')) throw this.#blame(error, entry);
    }
    for (let depth = 1; depth <= folders.length; depth++)
      await this.#ensureDirectory(folders.slice(0, depth), entry);
    return this.#openDirectory(folders);
  }

  async #ensureDirectory(path: Buffer[], entry: TarEntry): Promise<void> {
    const parent = this.#openDirectory(path.slice(0, -1));
    try {
      const name = path.at(-1) as Buffer;
      const existing = this.#look(parent, name);
      if (existing === 'directory') return;
      if (existing === 'other')
        throw new InvalidError(
          `invalid archive: entry ${show(entry.path)} lies beneath something that is no directory`,
        );
      await this.#makeDirectory(parent, name, existing === 'whiteout');
    } finally {
      closeSync(parent);
    }
  }

  /** A directory in place of a whiteout of the same layer hides what lies below, so it is opaque. */
  async #makeDirectory(parent: number, name: Buffer, isOpaque: boolean): Promise<void> {
    if (isOpaque) await removeAt(parent, name, this.#breather);
    makeDirectoryAt(parent, name, 0o755);
    if (!isOpaque) return;
    const fd = this.#openDirectory([name], parent);
    setOpaque(fd);
    closeSync(fd);
  }

  #openDirectory(path: Buffer[], from = this.root): number {
    return this.rules.open(from, joined(path), O_PATH | O_DIRECTORY | O_NOFOLLOW);
  }

  #look(parent: number, name: Buffer): 'nothing' | 'directory' | 'whiteout' | 'other' {
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
    return stat.isCharacterDevice() && stat.rdev === 0 ? 'whiteout' : 'other';
  }

  /** A whiteout speaks of the layers below; what this layer itself has under that name stays. */
  #hide(parent: number, name: Buffer): void {
    const existing = this.#look(parent, name);
    if (existing === 'nothing') makeNodeAt(parent, name, constants.S_IFCHR, 0, 0);
    if (existing !== 'directory') return;
    const fd = this.#openDirectory([name], parent);
    setOpaque(fd);
    closeSync(fd);
  }

  /** The last entry of a name wins, except that directories are merged. */
  async #create(parent: number, name: Buffer, path: Buffer[], entry: TarEntry): Promise<void> {
    try {
      const existing = this.#look(parent, name);
      if (entry.type === 'directory') {
        if (existing === 'other') await removeAt(parent, name, this.#breather);
        if (existing !== 'directory')
          await this.#makeDirectory(parent, name, existing === 'whiteout');
        this.#directoryTimes.push({ path, mtime: entry.mtime });
      } else if (entry.type === 'link') {
        return await this.#makeLink(parent, name, entry, existing !== 'nothing');
      } else if (existing !== 'nothing') await removeAt(parent, name, this.#breather);
      if (entry.type === 'file') return await this.#makeFile(parent, name, entry);
      if (entry.type === 'symlink') makeSymlinkAt(linkTarget(entry), parent, name);
      else if (entry.type !== 'directory') makeNodeAt(parent, name, ...deviceOf(entry));
      const fd = this.rules.open(parent, name, O_PATH | O_NOFOLLOW);
      this.#applyAndClose(fd, entry);
    } catch (error) {
      throw this.#blame(error, entry);
    }
  }

  async #makeFile(parent: number, name: Buffer, entry: TarEntry): Promise<void> {
    const fd = this.rules.open(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      await writeBody(fd, entry);
      this.#applyMetadata(fd, entry);
      this.sizeBytes += entry.size;
    } finally {
      closeSync(fd);
    }
  }

  /** The target is a path from the image's root, resolved without following anything. */
  async #makeLink(parent: number, name: Buffer, entry: TarEntry, exists: boolean): Promise<void> {
    const target = this.rules.components(entry.linkPath, this.limits);
    const targetName = target.at(-1);
    if (!targetName || !meaningIsPlain(this.rules, targetName))
      throw new InvalidError(`invalid archive: ${show(entry.path)} is a link to no file`);
    const folder = this.#openDirectory(target.slice(0, -1));
    try {
      if (exists && !this.#isSame(folder, targetName, parent, name))
        await removeAt(parent, name, this.#breather);
      else if (exists) return;
      makeLinkAt(folder, targetName, parent, name);
    } finally {
      closeSync(folder);
    }
  }

  /** A link to itself must not remove itself first. */
  #isSame(folder: number, targetName: Buffer, parent: number, name: Buffer): boolean {
    const [a, b] = [this.#identify(folder, targetName), this.#identify(parent, name)];
    return a !== undefined && a === b;
  }

  #identify(dir: number, name: Buffer): string | undefined {
    const fd = this.rules.open(dir, name, O_PATH | O_NOFOLLOW);
    const { dev, ino } = fstatSync(fd, { bigint: true });
    closeSync(fd);
    return `${dev}:${ino}`;
  }

  #applyAndClose(fd: number, entry: TarEntry): void {
    try {
      this.#applyMetadata(fd, entry);
    } finally {
      closeSync(fd);
    }
  }

  /** Owner first: chown clears setuid and capabilities. Through /proc/self/fd chmod takes O_PATH too. */
  #applyMetadata(fd: number, entry: TarEntry): void {
    changeOwner(fd, entry.uid, entry.gid);
    if (entry.type !== 'symlink') chmodSync(`/proc/self/fd/${fd}`, entry.mode);
    for (const [name, value] of entry.xattrs)
      if (this.rules.isKeptXattr(name)) applyXattr(fd, name, value);
    changeTimes(fd, entry.mtime, entry.mtime);
  }

  #setDirectoryTime(path: Buffer[], mtime: Time): void {
    let fd: number;
    try {
      fd = this.#openDirectory(path);
    } catch (error) {
      // A later entry replaced the directory by something else.
      if (['ENOENT', 'ENOTDIR', 'ELOOP'].some((code) => hasCode(error, code))) return;
      throw error;
    }
    changeTimes(fd, mtime, mtime);
    closeSync(fd);
  }

  /** Says in words what the kernel's refusal means for this entry. */
  #blame(error: unknown, entry: TarEntry): unknown {
    const reasons: [string, string][] = [
      ['ELOOP', 'leads through a symbolic link'],
      ['EXDEV', 'leads out of the image'],
      ['ENOTDIR', 'lies beneath something that is no directory'],
      ['ENOENT', 'is a link to something that the archive did not bring'],
      ['ENAMETOOLONG', 'has a name that is too long for the filesystem'],
    ];
    const reason = reasons.find(([code]) => hasCode(error, code))?.[1];
    return reason
      ? new InvalidError(`invalid archive: entry ${show(entry.path)} ${reason}`, { cause: error })
      : error;
  }
}

function joined(path: Buffer[]): Buffer {
  if (path.length === 0) return Buffer.from('.');
  return Buffer.concat(path.flatMap((part, i) => (i > 0 ? [slash, part] : [part])));
}

const slash = Buffer.from('/');

/** overlayfs hides what lies beneath a 0:0 device: in an archive it is smuggled, and means nothing. */
function isWhiteoutDevice(entry: TarEntry): boolean {
  return entry.type === 'char' && entry.devMajor === 0 && entry.devMinor === 0;
}

function meaningIsPlain(rules: UnpackRules, name: Buffer): boolean {
  return rules.meaningOf(name).kind === 'plain';
}

function linkTarget(entry: TarEntry): Buffer {
  if (entry.linkPath.length > 0) return entry.linkPath;
  throw new InvalidError(`invalid archive: ${show(entry.path)} is a symbolic link to nothing`);
}

function deviceOf(entry: TarEntry): [mode: number, major: number, minor: number] {
  if (entry.type === 'fifo') return [constants.S_IFIFO, 0, 0];
  const kind = entry.type === 'char' ? constants.S_IFCHR : constants.S_IFBLK;
  return [kind, entry.devMajor, entry.devMinor];
}

/** Filesystems without user attributes lose those, as docker does; capabilities are never lost silently. */
function applyXattr(fd: number, name: string, value: Buffer): void {
  try {
    setXattr(fd, name, value);
  } catch (error) {
    const isOptional = name !== 'security.capability';
    if (!isOptional || !(hasCode(error, 'EOPNOTSUPP') || hasCode(error, 'EPERM'))) throw error;
  }
}

function setOpaque(directory: number): void {
  setXattr(directory, 'trusted.overlay.opaque', Buffer.from('y'));
}
