/**
 * Cuts the power of a virtual machine in the middle of pulls, loads, commits, creates and runs, again and again: what is
 * visible afterwards is complete, what was said to be done is there, nothing half-made is left, and all can be done anew.
 *
 * Usage: main.mjs ROUNDS SEED IMAGE QEMU WORD… (by test/vm/run.sh); IMAGE is an empty file system for /var/lib/petri
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seeded } from '../../support/random.ts';
import { serveDisk } from './block-server.ts';
import { Expected } from './expected.ts';
import { type Cut, type Death, live } from './life.ts';
import { LossyDisk } from './lossy-disk.ts';

const [rounds = '', seed = '', image = '', ...qemu] = process.argv.slice(2);
const random = seeded(Number(seed));
const below = (most: number) => Math.floor(random() * most);

/** What one turn of the guest's work writes, and about how long it takes. */
const writesPerTurn = 600;
const msPerTurn = 40_000;

/** In the middle of a write, or while nothing is written and what is only in memory waits. */
function nextCut(): Cut {
  const byWrites = random() < 0.7;
  return {
    writes: byWrites ? below(writesPerTurn) : Number.POSITIVE_INFINITY,
    ms: byWrites ? 2 * msPerTurn : below(msPerTurn),
    kept: [0, 0, 0.5, 0.9, 1][below(5)] ?? 0,
  };
}

const folder = mkdtempSync(join(tmpdir(), 'petri-power-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
// So that the machine ends as well.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

async function freshDisk() {
  const socket = join(folder, 'disk.sock');
  rmSync(socket, { force: true });
  const disk = new LossyDisk(readFileSync(image));
  return { disk, server: await serveDisk(disk, socket), before: new Expected() };
}

function command(): string[] {
  const drive = `file=nbd+unix:///?socket=${folder}/disk.sock,format=raw,if=virtio,cache=writeback`;
  const append = `console=ttyS0 quiet panic=-1 petri.power petri.seed=${below(2 ** 31)}`;
  return [...qemu, '-drive', drive, '-append', append];
}

function report(round: number, { wrong, found }: Death): void {
  const what = found.join(', ') || 'nothing is visible';
  console.log(`${wrong.length > 0 ? 'FAILED' : 'ok    '}  cut ${round}: ${what}`);
  for (const line of wrong) console.log(`          ${line}`);
}

let [passed, failed] = [0, 0];
let state = await freshDisk();
for (let round = 0; round <= Number(rounds); round++) {
  const cut = round < Number(rounds) ? nextCut() : undefined;
  const content = Buffer.from(state.disk.content());
  const death = await live({ ...state, command: command(), cut, random });
  const isWell = death.wrong.length === 0;
  // The first one has no cut before it.
  if (round > 0 || !isWell) report(round, death);
  if (!isWell) failed++;
  else if (round > 0) passed++;
  if (isWell) state.before = death.expected;
  else {
    writeFileSync(`build/vm/power-${seed}-${round}.img`, content);
    writeFileSync(`build/vm/power-${seed}-${round}.log`, death.console);
    state.server.close();
    state = await freshDisk();
  }
  const { lost, unflushed } = death.loss;
  if (cut)
    console.log(`          power off after "${death.last}": ${lost} of ${unflushed} sectors lost`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
