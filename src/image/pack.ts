/**
 * A tree of files as the entries of an archive, read through descriptors: each name is opened without
 * following links, and what is read is the very object that was looked at. The tree may be changed by its
 * owner meanwhile, and may hold anything.
 *
 * Contract
 * - Names in the order of their bytes, so the same tree gives the same archive.
 * - Devices and fifos are described and never opened; sockets are left out; nothing blocks.
 * - A file that shrinks meanwhile is filled up with zeros, one that grows is cut: its header is out already.
 * - The event loop is not held: folders are walked in slices of some ms, large files read in the background.
 *
 * openat2(2), path_resolution(7)
 */
import { closeSync, fstatSync, readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { InvalidError, KernelError } from '../errors/errors.ts';
import { constants } from '../kernel/ffi.ts';
import { getXattr, listXattrs, openAt, readLink } from '../kernel/files-at.ts';
import { type Attributes, attributesOf } from './attributes.ts';
import { Breather } from './breather.ts';
import { FilesystemKinds, fileBody } from './pack-file.ts';
import type { TarHeader } from './tar/encode.ts';
import { defaultLimits, type TarLimits } from './tar/limits.ts';
import type { Writable } from './tar/write.ts';
import { isKeptXattr, show } from './unpack-names.ts';

export interface PackOptions {
  /** What the tree's top is called: `.`, `name`, `/`; empty: the top itself is left out, `a/b` has no prefix. */
  name: Buffer;
  /** With an empty name: the top all the same, as `./`. */
  hasTop?: boolean;
  limits?: TarLimits;
  isKeptXattr?: (name: string) => boolean;
  /**
   * What an object becomes instead of itself, e.g. a whiteout. @returns entries, or undefined: as it is
   */
  translate?: (found: Found) => TarHeader[] | undefined;
  /** Entries that follow a folder's own. */
  inFolder?: (found: Found) => TarHeader[];
}

/** An object of the tree. */
export interface Found {
  /** Opened with O_PATH and O_NOFOLLOW. */
  fd: number;
  /** As the archive will name it. */
  path: Buffer;
  attributes: Attributes;
  /** Of a symbolic link. */
  target: Buffer;
}

interface Folder {
  fd: number;
  path: Buffer;
  /** What is left of it, the next one last; undefined until it is read. */
  names?: Buffer[];
}

/**
 * @param fd the top, opened with O_PATH; a folder or anything else. It stays open
 * @throws InvalidError for a socket at the top, a path that is too long or too deep
 */
export async function* pack(fd: number, options: PackOptions): AsyncGenerator<Writable> {
  const packer = new Packer(options);
  try {
    yield* packer.top(fd);
    for (let found = await packer.next(); found; found = await packer.next()) {
      try {
        yield* packer.entries(found);
      } finally {
        closeSync(found.fd);
      }
    }
  } finally {
    packer.close();
  }
}

const { O_PATH, O_NOFOLLOW, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } = constants;

class Packer {
  /** The folders from the top to where the walk is. */
  readonly #folders: Folder[] = [];
  /** First name of each file that has several. */
  readonly #links = new Map<string, Buffer>();
  readonly #breather = new Breather();
  readonly #kinds = new FilesystemKinds();
  readonly #limits: TarLimits;

  constructor(readonly options: PackOptions) {
    this.#limits = options.limits ?? defaultLimits;
  }

  *top(fd: number): Generator<Writable> {
    const { name } = this.options;
    const top = lookAt(fd, name.length > 0 ? name : dot);
    if (top.attributes.kind === 'socket')
      throw new InvalidError(`cannot archive ${show(name)}: it is a socket`);
    if (name.length > 0) yield* this.entries(top);
    else {
      if (this.options.hasTop) yield this.#header(top);
      this.#enter(fd, name);
    }
  }

  /** The next object of the walk; its descriptor is the caller's to close. */
  async next(): Promise<Found | undefined> {
    for (let folder = this.#folders.at(-1); folder; folder = this.#folders.at(-1)) {
      await this.#breather.breathe();
      folder.names ??= await namesIn(folder.fd);
      const name = folder.names.pop();
      if (name) {
        const found = this.#open(folder, name);
        if (found) return found;
      } else this.#leave();
    }
    return undefined;
  }

  *entries(found: Found): Generator<Writable> {
    const { fd, path, attributes } = found;
    const translated = this.options.translate?.(found);
    if (translated) return yield* translated;
    if (attributes.kind === 'socket') return;
    const header = this.#header(found);
    if (attributes.kind === 'file' && header.type !== 'link')
      yield fileBody(fd, header, this.#kinds.isPseudo(fd, attributes.device));
    else yield header;
    if (attributes.kind !== 'directory') return;
    yield* this.options.inFolder?.(found) ?? [];
    this.#enter(fd, path);
  }

  close(): void {
    while (this.#folders.length > 0) this.#leave();
  }

  #header({ fd, path, attributes, target }: Found): TarHeader {
    const { kind, identity, linkCount, ...metadata } = attributes;
    const first = linkCount > 1 && kind !== 'directory' ? this.#links.get(identity) : undefined;
    if (linkCount > 1 && !first) this.#links.set(identity, path);
    return {
      ...metadata,
      path,
      type: first ? 'link' : (kind as TarHeader['type']),
      size: kind === 'file' && !first ? attributes.size : 0,
      linkPath: first ?? target,
      xattrs: first || kind === 'symlink' ? new Map() : this.#xattrs(fd),
    };
  }

  #xattrs(fd: number): Map<string, Buffer> {
    const kept = this.options.isKeptXattr ?? isKeptXattr;
    const xattrs = new Map<string, Buffer>();
    for (const name of listXattrs(fd).filter(kept).sort()) {
      const value = getXattr(fd, name);
      if (value) xattrs.set(name, value);
    }
    return xattrs;
  }

  /** Undefined when it has gone meanwhile. */
  #open(folder: Folder, name: Buffer): Found | undefined {
    const path = under(folder.path, name);
    if (path.length > this.#limits.pathBytes)
      throw new InvalidError(
        `cannot archive ${show(path)}…: the path is longer than ${this.#limits.pathBytes} bytes`,
      );
    let fd: number;
    try {
      fd = openAt(folder.fd, name, O_PATH | O_NOFOLLOW, 0, inRoot);
    } catch (error) {
      if (hasGone(error)) return undefined;
      throw error;
    }
    try {
      return lookAt(fd, path);
    } catch (error) {
      closeSync(fd);
      if (hasGone(error)) return undefined;
      throw error;
    }
  }

  #enter(fd: number, path: Buffer): void {
    if (this.#folders.length >= this.#limits.pathDepth)
      throw new InvalidError(
        `cannot archive ${show(path)}: it is deeper than ${this.#limits.pathDepth} folders`,
      );
    this.#folders.push({ fd: openAt(fd, '.', O_PATH, 0, inRoot), path });
  }

  #leave(): void {
    const folder = this.#folders.pop();
    if (folder) closeSync(folder.fd);
  }
}

const none = Buffer.alloc(0);
const dot = Buffer.from('.');
const slash = Buffer.from('/');
const inRoot = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

function lookAt(fd: number, path: Buffer): Found {
  const attributes = attributesOf(fd);
  return { fd, path, attributes, target: attributes.kind === 'symlink' ? readLink(fd) : none };
}

/** The last name first. A large folder is read in the background. */
async function namesIn(folder: number): Promise<Buffer[]> {
  const path = `/proc/self/fd/${folder}`;
  const names =
    fstatSync(folder).size > largeFolderBytes
      ? await readdir(path, { encoding: 'buffer' })
      : readdirSync(path, { encoding: 'buffer' });
  return names.sort((a, b) => Buffer.compare(b, a));
}

const largeFolderBytes = 64 * 1024;

function under(folder: Buffer, name: Buffer): Buffer {
  if (folder.length === 0) return name;
  return Buffer.concat(folder.at(-1) === 0x2f ? [folder, name] : [folder, slash, name]);
}

/** Also a process whose folder in /proc is being read. */
function hasGone(error: unknown): boolean {
  const code = error instanceof KernelError ? error.code : (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ESRCH';
}
