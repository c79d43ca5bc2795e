/**
 * The files of a log: `log` being written, `log.1`, `log.2` … older ones the shim has put aside. Reads on
 * from where it stopped, over rotations: an open file stays the same file when it is renamed.
 */
import { watch } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseLogLines } from './log-lines.ts';
import type { LogEntry } from './logs.ts';

const CHUNK_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

/** A file, and how far it has been read. */
interface Source {
  handle: FileHandle;
  position: number;
}

export class LogFiles {
  #rest: Buffer = Buffer.alloc(0);
  /** Oldest first; the last one is being written. */
  readonly #sources: Source[] = [];

  private constructor(readonly path: string) {}

  /**
   * A log that is not there yet is empty.
   * @param lines only the last so many; undefined for all
   */
  static async open(path: string, lines?: number): Promise<LogFiles> {
    const files = new LogFiles(path);
    let wanted = lines;
    for (const name of [path, ...(await rotated(path))]) {
      if (wanted === 0 && name !== path) break;
      const handle = await open(name, 'r').catch(() => undefined);
      if (!handle) continue;
      const found =
        wanted === undefined ? { position: 0, lines: 0 } : await lastLines(handle, wanted);
      files.#sources.unshift({ handle, position: found.position });
      if (wanted !== undefined) wanted -= found.lines;
    }
    return files;
  }

  /** What has been written since the last reading. */
  async *read(): AsyncGenerator<LogEntry[]> {
    if (this.#sources.length === 0) await this.#addCurrent();
    for (;;) {
      const [source] = this.#sources;
      if (!source) return;
      yield* this.#readOn(source);
      if (this.#sources.length === 1) {
        if (!(await this.#rotated(source.handle))) return;
        yield* this.#readOn(source);
        await this.#addCurrent();
      }
      this.#sources.shift();
      await source.handle.close();
    }
  }

  async #addCurrent(): Promise<void> {
    const handle = await open(this.path, 'r').catch(() => undefined);
    if (handle) this.#sources.push({ handle, position: 0 });
  }

  async *#readOn(source: Source): AsyncGenerator<LogEntry[]> {
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const { bytesRead } = await source.handle.read(chunk, 0, CHUNK_BYTES, source.position);
      if (bytesRead === 0) return;
      source.position += bytesRead;
      const fresh = chunk.subarray(0, bytesRead);
      const text = this.#rest.length ? Buffer.concat([this.#rest, fresh]) : fresh;
      const end = text.lastIndexOf(NEWLINE) + 1;
      this.#rest = text.subarray(end);
      const entries = parseLogLines(text.subarray(0, end));
      if (entries.length) yield entries;
    }
  }

  /** Whether the path is by now another file than the one being read. */
  async #rotated(handle: FileHandle): Promise<boolean> {
    const current = await stat(this.path).catch(() => undefined);
    return current !== undefined && current.ino !== (await handle.stat()).ino;
  }

  /** Calls back when anything in the log's folder changes; the result stops that. */
  onChange(listener: () => void): () => void {
    const watcher = watch(dirname(this.path), (_, name) => {
      if (name === null || join(dirname(this.path), name) === this.path) listener();
    });
    watcher.on('error', listener);
    return () => watcher.close();
  }

  async close(): Promise<void> {
    for (const { handle } of this.#sources) await handle.close();
  }
}

/** The files put aside, newest first. */
async function rotated(path: string): Promise<string[]> {
  const prefix = `${basename(path)}.`;
  const names = await readdir(dirname(path)).catch(() => []);
  return names
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .sort((a, b) => Number(a.slice(prefix.length)) - Number(b.slice(prefix.length)))
    .map((name) => join(dirname(path), name));
}

/** Where the last `count` lines of a file begin, and how many there are; read from its end. */
async function lastLines(
  handle: FileHandle,
  count: number,
): Promise<{ position: number; lines: number }> {
  const { size } = await handle.stat();
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let lines = 0;
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - CHUNK_BYTES);
    const { bytesRead } = await handle.read(chunk, 0, end - start, start);
    for (let at = bytesRead - 1; at >= 0; at--) {
      if (chunk[at] !== NEWLINE) continue;
      if (lines === count) return { position: start + at + 1, lines };
      lines++;
    }
    end = start;
  }
  return { position: 0, lines };
}
