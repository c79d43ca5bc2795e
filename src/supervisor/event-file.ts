/**
 * The last events on disk, so that `since` reaches back over the supervisor's own end. A file of lines that only grows,
 * and is written anew with the newest ones when it has grown enough:
 *
 *     {"schema":1}
 *     {"type":"container","action":"die","id":"…","attributes":{…},"timeNs":"1767323045000000001"}
 *
 * An event is written before anybody is told of it, by one write(2) and without a sync: it survives the process, not a
 * power cut. A line that was cut off is dropped at the next start. A file that cannot be read is set aside.
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { EngineEvent } from '../container/engine.ts';
import { SystemError } from '../errors/errors.ts';
import { quarantine } from '../store/record.ts';

/** How many events are kept. */
export const HISTORY = 256;
/** Labels can be long: so many bytes are kept at most, and a few times as many are in the file. */
const MAX_BYTES = 4 * 1024 * 1024;
const GROWTH = 4;
const HEAD = '{"schema":1}';
const NAMES = ['container', 'image', 'network', 'volume', 'daemon'] as const;
const { O_RDONLY, O_WRONLY, O_APPEND, O_CREAT, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = constants;
const O_NEW = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW;

const schema = z.object({
  type: z.enum(NAMES),
  action: z.string(),
  id: z.string(),
  attributes: z.record(z.string(), z.string()),
  timeNs: z
    .string()
    .regex(/^\d{1,20}$/)
    .transform(BigInt),
});

export class EventFile {
  #fd = -1;
  #lines = 0;
  #bytes = 0;
  #isFailing = false;
  #isClosed = false;

  private constructor(
    private readonly path: string,
    private readonly log: Pick<Logger, 'warn'>,
    /** What it held when it was opened, oldest first. */
    readonly events: EngineEvent[],
  ) {}

  /** Never fails: events are worth less than the engine. */
  static async open(path: string, log: Pick<Logger, 'warn' | 'error'>): Promise<EventFile> {
    let events: EngineEvent[] = [];
    try {
      if (existsSync(path)) events = parse(path, readPlainFile(path));
    } catch (error) {
      await quarantine(path, error, log);
    }
    const file = new EventFile(path, log, events);
    file.#guarded(() => file.#rewrite(events));
    return file;
  }

  /** @param kept the newest events, this one the last of them */
  append(event: EngineEvent, kept: readonly EngineEvent[]): void {
    if (this.#isClosed) return;
    this.#guarded(() => {
      const line = Buffer.from(`${lineOf(event)}\n`);
      const isLarge = this.#bytes + line.length > GROWTH * MAX_BYTES;
      if (this.#fd < 0 || isLarge || this.#lines >= GROWTH * HISTORY) return this.#rewrite(kept);
      writeSync(this.#fd, line);
      this.#lines += 1;
      this.#bytes += line.length;
    });
  }

  /** For good: what an engine that goes still emits must not touch the file of the next. */
  close(): void {
    this.#isClosed = true;
    this.#letGo();
  }

  #letGo(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  /** When it cannot be written (a full disk) the events are told all the same, and it is tried again with the next. */
  #guarded(act: () => void): void {
    try {
      act();
      this.#isFailing = false;
    } catch (error) {
      this.#letGo();
      if (!this.#isFailing)
        this.log.warn({ err: error, path: this.path }, 'cannot keep the events for the next start');
      this.#isFailing = true;
    }
  }

  #rewrite(kept: readonly EngineEvent[]): void {
    this.#letGo();
    const text = `${[HEAD, ...newest(kept.map(lineOf))].join('\n')}\n`;
    const fd = openSync(`${this.path}.new`, O_NEW, 0o600);
    writeFileSync(fd, text);
    closeSync(fd);
    renameSync(`${this.path}.new`, this.path);
    this.#fd = openSync(this.path, O_WRONLY | O_APPEND | O_NOFOLLOW);
    this.#lines = kept.length;
    this.#bytes = Buffer.byteLength(text);
  }
}

/** The last of them that fit. */
function newest(lines: readonly string[]): string[] {
  let bytes = 0;
  const some = lines.slice(-HISTORY).toReversed();
  const cut = some.findIndex((line) => {
    bytes += Buffer.byteLength(line);
    return bytes > MAX_BYTES;
  });
  return (cut < 0 ? some : some.slice(0, cut)).toReversed();
}

function lineOf(event: EngineEvent): string {
  return JSON.stringify({ ...event, timeNs: String(event.timeNs) });
}

/** @throws SystemError for a file of another kind, or of a newer schema */
function parse(path: string, text: string): EngineEvent[] {
  const [head = '', ...lines] = text.split('\n');
  if (head !== HEAD) throw new SystemError(`${path} does not begin with ${HEAD}`);
  // What follows the last newline was cut off, or is nothing.
  const events = lines.slice(0, -1).flatMap(parseLine);
  return events.slice(-HISTORY);
}

function parseLine(line: string): EngineEvent[] {
  try {
    return [schema.parse(JSON.parse(line))];
  } catch {
    return []; // of a disk that was full: the others are whole
  }
}

function readPlainFile(path: string): string {
  const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new SystemError(`${path} is not a plain file`);
    if (stat.size > 2 * GROWTH * MAX_BYTES) throw new SystemError(`${path} is too large`);
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}
