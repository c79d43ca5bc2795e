/**
 * `make bench`: Petri beside dockerd and beside the bare kernel, in turns, on this machine.
 *
 *     node tools/bench.mjs [--rounds N] [--only cli,pull,api,names,network,memory] [--match TEXT] [--output FILE]
 *
 * With `--match` only the comparisons whose title has the text.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type RunningEngine, startDockerd, startPetri } from '../support/engines.ts';
import { archiveDuels, tidyArchives } from './archive.ts';
import { type Duel, duels, tidy, waysOf } from './duels.ts';
import { startFloor } from './floor.ts';
import { memoryOf, shimMemory } from './memory.ts';
import { LOOKUPS, NameBench } from './names.ts';
import { benchNetwork } from './network.ts';
import { BenchRegistries, pullDuels } from './pull.ts';
import { asMarkdown, asText, FIGURE_HEAD, figureRow, machine, type Table } from './report.ts';
import { alternate, type Figures, inSeries, timed } from './statistics.ts';
import { startStub } from './stub.ts';

const TARBALL = 'build/busybox.tar';

/** What a burst took is given back when the engine has been quiet for two seconds. */
const REST_MS = 3_000;

const FLOOR_NOTE =
  'By one kept-alive connection to the API, in turns, after a rest; the floor is test/bench/floor.c, which makes the same namespaces, mounts, groups and veth with bare system calls, without records, log or masked paths; wanted: at most 4 times the floor.';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    only: { type: 'string', default: 'cli,pull,api,names,network,memory' },
    match: { type: 'string', default: '' },
    output: { type: 'string', default: 'docs/PERFORMANCE.md' },
  },
});
const rounds = Number(values.rounds);
const wanted = new Set(values.only.split(','));

await main();

async function main(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('the bench makes containers: run it as root');
  const root = mkdtempSync(join(tmpdir(), 'petri-bench-'));
  console.log(`${machine()}\n`);
  const petri = await startPetri(join(root, 'petri'));
  const tables: Table[] = [];
  const add = (table: Table) => {
    tables.push(table);
    console.log(asText(table));
  };
  try {
    await petri.api.importBusybox(TARBALL);
    if (wanted.has('cli')) await benchCli(petri, root, add);
    if (wanted.has('pull')) await benchPull(petri, root, add);
    if (wanted.has('api')) for (const table of await benchApi(petri, root)) add(table);
    if (wanted.has('names')) add(await benchNames(petri, root));
    if (wanted.has('network'))
      await benchNetwork({ root, busybox: TARBALL, rounds, match: values.match }, add);
    if (wanted.has('memory')) add(await benchMemory(petri));
  } finally {
    await petri.stop();
    rmSync(root, { recursive: true });
  }
  // A part of the measurements must not replace the whole.
  if (wanted.size === 6 && values.match === '')
    writeFileSync(values.output, asMarkdown(tables, new Date()));
}

function isWanted({ title }: Duel): boolean {
  return title.includes(values.match);
}

/** (a) docker's own command line against both engines in turn. */
async function benchCli(
  petri: RunningEngine,
  root: string,
  add: (table: Table) => void,
): Promise<void> {
  const dockerd = await startDockerd(join(root, 'dockerd'));
  const engines = dockerd ? [petri, dockerd] : [petri];
  const stub = await startStub(join(root, 'stub.sock'));
  try {
    await dockerd?.api.importBusybox(TARBALL);
    for (const duel of duels.filter(isWanted)) {
      for (const engine of engines) await duel.prepare?.(engine);
      const turns = Math.max(3, Math.round(rounds * duel.share));
      const targets = duel.hasFloor ? [stub, ...engines] : engines;
      const found = await alternate(turns, waysOf(duel, targets));
      add(duelTable(duel, found));
    }
    for (const engine of engines) await tidy(engine);
  } finally {
    stub.stop();
    await dockerd?.stop();
  }
}

/** (b) Images from a registry and to one, and as files. Without a Debian to pull there is nothing to measure. */
async function benchPull(
  petri: RunningEngine,
  root: string,
  add: (table: Table) => void,
): Promise<void> {
  const dockerd = await startDockerd(join(root, 'dockerd-pull'));
  const engines = dockerd ? [petri, dockerd] : [petri];
  const registries = await BenchRegistries.start(root, engines);
  try {
    await dockerd?.api.importBusybox(TARBALL);
    const all = registries ? [...pullDuels, ...archiveDuels] : [];
    for (const duel of all.filter(isWanted)) {
      for (const engine of engines) await duel.prepare?.(engine);
      const turns = Math.max(3, Math.round(rounds * duel.share));
      add(duelTable(duel, await alternate(turns, waysOf(duel, engines))));
      for (const engine of engines) await duel.before?.(engine);
    }
    for (const engine of engines) await tidyArchives(engine);
  } finally {
    await registries?.close();
    await dockerd?.stop();
  }
}

function duelTable({ title, note }: Duel, found: Record<string, Figures>): Table {
  return {
    title,
    note: `${note}${found.dockerd ? '' : ' There is no dockerd on this machine.'}`,
    head: FIGURE_HEAD,
    rows: [
      ...figureRows(found),
      ...ratioRow('dockerd / petri', found.dockerd, found.petri),
      ...ratioRow("the same without the command's own", ...aboveFloor(found)),
    ],
  };
}

/** What each engine takes beyond what docker's command takes on an engine that does nothing. */
function aboveFloor({ nothing, dockerd, petri }: Record<string, Figures>) {
  const above = (figures: Figures | undefined) =>
    nothing && figures && { ...figures, median: figures.median - nothing.median };
  return [above(dockerd), above(petri)] as const;
}

/**
 * (c) A container's life over the API, and the same by the bare kernel: with a rest before each round, and back to
 * back. The two differ: after a rest the first move of a process between v1 groups waits for an RCU grace period,
 * which the floor pays and Petri's way of moving (`tasks`, by the process itself) does not.
 */
async function benchApi(petri: RunningEngine, root: string): Promise<Table[]> {
  const floor = startFloor(join(root, 'floor'), TARBALL);
  const ways = { petri: () => timed(() => petri.api.cycle()), floor: () => floor.round() };
  try {
    return [
      cycleTable('create, start, wait, remove', await alternate(rounds * 2, ways), FLOOR_NOTE),
      cycleTable(
        'the same, back to back',
        await inSeries(rounds * 4, ways),
        'All rounds of one without a pause, then all of the other.',
      ),
    ];
  } finally {
    await floor.stop();
  }
}

function cycleTable(title: string, found: Record<string, Figures>, note: string): Table {
  const rows = [...figureRows(found), ...ratioRow('petri / floor', found.petri, found.floor)];
  return { title, note, head: FIGURE_HEAD, rows };
}

/** (d) Names of containers, asked for by one of them. */
async function benchNames(petri: RunningEngine, root: string): Promise<Table> {
  const dockerd = await startDockerd(join(root, 'dockerd-names'));
  const benches: Record<string, NameBench> = {};
  try {
    await dockerd?.api.importBusybox(TARBALL);
    for (const engine of dockerd ? [petri, dockerd] : [petri])
      benches[engine.name] = await NameBench.start(engine);
    const ways = Object.entries(benches).map(([name, bench]) => [name, () => bench.round()]);
    const found: Record<string, Figures> = await alternate(rounds, Object.fromEntries(ways));
    return {
      title: `${LOOKUPS} lookups of a container's name`,
      note: `From inside another one on the same network, over UDP, 32 at once; wanted: at most 1000 ms.${found.dockerd ? '' : ' There is no dockerd on this machine.'}`,
      head: FIGURE_HEAD,
      rows: [...figureRows(found), ...ratioRow('dockerd / petri', found.dockerd, found.petri)],
    };
  } finally {
    for (const bench of Object.values(benches)) await bench.close();
    await dockerd?.stop();
  }
}

/** (e) What lies in memory all the time. */
async function benchMemory(petri: RunningEngine): Promise<Table> {
  const shim = await shimMemory(petri);
  await delay(REST_MS);
  const supervisor = memoryOf(petri.pid);
  const row = (name: string, { rssKb, pssKb }: typeof shim) => [
    name,
    (rssKb / 1024).toFixed(2),
    (pssKb / 1024).toFixed(2),
  ];
  return {
    title: 'memory',
    note: 'After the rounds above and a rest; wanted: at most 120 MiB resident for the supervisor, 0.7 MiB proportional for a shim.',
    head: ['', 'resident MiB', 'proportional MiB'],
    rows: [row('supervisor', supervisor), row('shim of one container', shim)],
  };
}

function figureRows(found: Record<string, Figures>): string[][] {
  return Object.entries(found).map(([name, figures]) => figureRow(name, figures));
}

function ratioRow(
  name: string,
  above: Figures | undefined,
  below: Figures | undefined,
): string[][] {
  if (!above || !below) return [];
  return [[name, (above.median / below.median).toFixed(1), '', '', '']];
}
