/** One life of the machine with its disk: it looks at what the last cut has left, works, and its power goes. */
import type { BlockServer } from './block-server.ts';
import { Expected } from './expected.ts';
import type { LossyDisk } from './lossy-disk.ts';
import { Machine } from './machine.ts';

/** From its start until it has looked at everything; the processor is emulated, and may be shared. */
const bootTimeoutMs = 400_000;

export interface Cut {
  /** After so many writes, or so long, whichever comes first. */
  writes: number;
  ms: number;
  /** Share of the sectors not flushed that are on the disk nevertheless. */
  kept: number;
}

export interface Life {
  disk: LossyDisk;
  server: BlockServer;
  /** qemu with all its arguments. */
  command: readonly string[];
  /** What must have outlived the last cut. */
  before: Expected;
  /** Undefined: it only looks. */
  cut: Cut | undefined;
  random: () => number;
}

export interface Death {
  wrong: string[];
  found: string[];
  /** What must be there after this cut. */
  expected: Expected;
  /** The last that it said. */
  last: string;
  loss: { unflushed: number; lost: number };
  console: string;
}

export async function live({ disk, server, command, before, cut, random }: Life): Promise<Death> {
  const [expected, found, wrong] = [new Expected(), new Set<string>(), [] as string[]];
  let last = '';
  let toldReady: (failure: string) => void;
  const ready = new Promise<string>((resolve) => {
    toldReady = resolve;
  });
  const machine = new Machine(command, (line) => {
    last = line;
    if (line === 'ready') toldReady('');
    else if (line.startsWith('wrong: ')) wrong.push(line.slice(7));
    else if (/^(image|container) /.test(line)) found.add(line);
    else expected.hear(line);
  });
  const ended = machine.ended.then(() => 'the machine ended by itself');
  const late = 'it is not ready in time';
  const failure = await within(bootTimeoutMs, Promise.race([ready, ended]), late);
  if (failure) wrong.push(failure);
  else wrong.push(...before.missing(found).map((name) => `${name} was done and is not there`));
  if (cut && !failure) wrong.push(...(await untilCut(disk, ended, cut)));
  server.cutOff();
  const loss = disk.cut(() => random() < (cut?.kept ?? 1));
  await machine.cut();
  return { wrong, found: [...found], expected, last, loss, console: machine.console };
}

/** @returns what is wrong, when it ends by itself */
async function untilCut(disk: LossyDisk, ended: Promise<string>, cut: Cut): Promise<string[]> {
  const at = disk.writes + cut.writes;
  const written = new Promise<string>((resolve) => {
    disk.onWrite = () => disk.writes >= at && resolve('');
  });
  const failure = await within(cut.ms, Promise.race([written, ended]), '');
  return failure ? [failure] : [];
}

async function within<T>(ms: number, promise: Promise<T>, late: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(late), ms);
  });
  return await Promise.race([promise, timeout]).finally(() => clearTimeout(timer));
}
