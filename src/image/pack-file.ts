/**
 * The content of a file that is put into an archive. It is opened anew through its descriptor, so it is the
 * object whose type was looked at; O_NONBLOCK, because its owner may hold a lease on it. fcntl(2) "Leases"
 */
import { closeSync, constants as fs, openSync, read, readSync, statfsSync } from 'node:fs';
import { promisify } from 'node:util';
import type { TarHeader } from './tar/encode.ts';
import type { Writable } from './tar/write.ts';

const readInBackground = promisify(read);

/** Up to this many bytes a read from the page cache costs less than a trip to another thread. */
const smallBytes = 64 * 1024;
const chunkBytes = 512 * 1024;
/** Kernel files tell their size only when they are read; no honest one is larger. */
const pseudoBytes = 1024 * 1024;
const scratch = Buffer.alloc(pseudoBytes);

/** Adds the content; of a kernel file (`isPseudo`) also its true size, which stat(2) does not know. */
export function fileBody(fd: number, header: TarHeader, isPseudo: boolean): Writable {
  if (isPseudo) return withBytes(header, readPseudo(fd));
  if (header.size === 0) return header;
  if (header.size > smallBytes) return { ...header, body: () => chunks(fd, header.size) };
  return withBytes(header, readSmall(fd, header.size));
}

function withBytes(header: TarHeader, bytes: Buffer): Writable {
  async function* body(): AsyncGenerator<Buffer> {
    yield bytes;
  }
  return { ...header, size: bytes.length, body };
}

function reopen(fd: number): number {
  return openSync(`/proc/self/fd/${fd}`, fs.O_RDONLY | fs.O_NONBLOCK | fs.O_NOCTTY);
}

function readSmall(fd: number, size: number): Buffer {
  const file = reopen(fd);
  try {
    return fill(file, Buffer.alloc(size)).bytes;
  } finally {
    closeSync(file);
  }
}

/** What does not want to be read (a register, another one's memory) is empty. */
function readPseudo(fd: number): Buffer {
  let file: number | undefined;
  try {
    file = reopen(fd);
    const { bytes, used } = fill(file, scratch, true);
    return Buffer.from(bytes.subarray(0, used));
  } catch {
    return Buffer.alloc(0);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function fill(file: number, bytes: Buffer, atCursor = false): { bytes: Buffer; used: number } {
  let used = 0;
  while (used < bytes.length) {
    const got = readSync(file, bytes, used, bytes.length - used, atCursor ? null : used);
    if (got === 0) break;
    used += got;
  }
  return { bytes, used };
}

/** Zeros in place of what is no longer there. */
async function* chunks(fd: number, size: number): AsyncGenerator<Buffer> {
  const file = reopen(fd);
  try {
    for (let at = 0; at < size; ) {
      const chunk = Buffer.allocUnsafeSlow(Math.min(chunkBytes, size - at));
      const { bytesRead } = await readInBackground(file, chunk, 0, chunk.length, at);
      const length = bytesRead || chunk.fill(0).length;
      yield chunk.subarray(0, length);
      at += length;
    }
  } finally {
    closeSync(file);
  }
}

/** Filesystems whose files are the kernel's answers: statfs(2) "f_type", linux/magic.h */
const pseudo = new Set([
  0x9fa0, // proc
  0x62656572, // sysfs
  0x27e0eb, // cgroup
  0x63677270, // cgroup2
  0x64626720, // debugfs
  0x74726163, // tracefs
  0x73636673, // securityfs
  0x62656570, // configfs
  0x19800202, // mqueue
  0x42494e4d, // binfmt_misc
  0xcafe4a11, // bpf
  0x6165676c, // pstore
  0x6e736673, // nsfs
]);

/** Tells kernel files from others; asks once for each filesystem. */
export class FilesystemKinds {
  readonly #known = new Map<bigint, boolean>();

  isPseudo(fd: number, device: bigint): boolean {
    let answer = this.#known.get(device);
    if (answer === undefined) {
      answer = pseudo.has(statfsSync(`/proc/self/fd/${fd}`).type);
      this.#known.set(device, answer);
    }
    return answer;
  }
}
