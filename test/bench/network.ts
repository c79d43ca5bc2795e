/**
 * Networks of Petri and of dockerd: throughput by iperf3, connecting through a published port among few and among many, and
 * the start of a container with one.
 */
import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type RunningEngine, startDockerd, startPetri } from '../support/engines.ts';
import { SERVICES, servers } from '../support/services.ts';
import { ENGINE_ADDRESS, type Outside, startOutside } from './outside.ts';
import { FIGURE_HEAD, figureRow, type Table } from './report.ts';
import { alternate, type Figures, figures, timed } from './statistics.ts';

/** With redis's own there are a thousand. */
const CROWD = '20000-20998';
const REDIS_PORT = 6379;
const CONNECTIONS = 2000;
const CONNECT = 'build/connect';
const CONNECTING = 'connecting through a published port';
const CONTAINERS = ['server', 'client', 'host', 'redis', 'crowd'];

/** An engine, and its neighbour. */
interface Place {
  engine: RunningEngine;
  outside: Outside;
}

/** What is measured on both engines, in turns. */
interface Contest {
  title: string;
  note: string;
  unit: 'ms' | 'Gbit/s';
  /** How many times, of the bench's rounds. */
  share: number;
  round(place: Place): Promise<number>;
}

const throughput = (title: string, note: string, round: Contest['round']): Contest => ({
  title,
  note: `iperf3, one stream for a second, ${note}; wanted: not less than dockerd's.`,
  unit: 'Gbit/s',
  share: 0.4,
  round,
});

const contests: readonly Contest[] = [
  throughput(
    'throughput between two containers',
    'on a network of their own, by name',
    async ({ engine }) => gigabits(await docker(engine, 'exec', 'client', ...iperf('server'))),
  ),
  throughput(
    'throughput through a published port',
    "from a neighbour of the engine's host",
    async ({ engine, outside }) => gigabits(await outside.run(...(await inRootOf(engine)))),
  ),
  throughput(
    'throughput through a port published on loopback',
    'from the host; dockerd copies there by a process',
    async ({ engine }) => gigabits(await docker(engine, 'exec', 'host', ...iperf('127.0.0.1'))),
  ),
  {
    title: 'docker run --rm -p 127.0.0.1::80 busybox true',
    note: "By docker's command line; wanted: dockerd takes at least 5 times as long.",
    unit: 'ms',
    share: 1,
    round: ({ engine }) =>
      timed(() => docker(engine, 'run', '--rm', '-p', '127.0.0.1::80', 'busybox', 'true')),
  },
];

interface Choice {
  /** A folder for the engines. */
  root: string;
  /** Archive of an image. */
  busybox: string;
  rounds: number;
  /** What the title of a contest has to have. */
  match: string;
}

/** Engines of its own: what the others leave behind is not in the way. */
export async function benchNetwork(
  { root, busybox, rounds, match }: Choice,
  add: (table: Table) => void,
): Promise<void> {
  execFileSync('cc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', CONNECT, 'test/bench/connect.c']);
  const engines = [
    await startPetri(join(root, 'petri-network')),
    await startDockerd(join(root, 'dockerd-network')),
  ].filter((engine) => engine !== undefined);
  const places: Place[] = [];
  try {
    for (const engine of engines) {
      places.push({ engine, outside: await startOutside(engine.pid) });
      await engine.api.importBusybox(busybox);
      await furnish(engine);
    }
    for (const contest of contests.filter(({ title }) => title.includes(match))) {
      const turns = Math.max(3, Math.round(rounds * contest.share));
      const ways = places.map((place) => [place.engine.name, () => contest.round(place)]);
      add(tableOf(contest, await alternate(turns, Object.fromEntries(ways))));
    }
    if (CONNECTING.includes(match))
      for (const table of await benchConnect(places, rounds)) add(table);
  } finally {
    for (const { outside } of places) await outside.stop();
    for (const engine of engines) {
      await docker(engine, 'rm', '-f', ...CONTAINERS).catch(() => undefined);
      await engine.stop();
    }
  }
}

async function furnish(engine: RunningEngine): Promise<void> {
  await docker(engine, 'import', SERVICES, 'services');
  await docker(engine, 'network', 'create', 'bench');
  const start = (name: string, network: string, ...rest: string[]) =>
    docker(engine, 'run', '-d', '--name', name, '--network', network, ...rest);
  await start('server', 'bench', '-p', '5201:5201', 'services', 'sh', '-c', servers.iperf);
  await start('client', 'bench', 'services', 'sleep', '3600');
  await start('host', 'host', 'services', 'sleep', '3600');
}

/** Connecting to one published port: with no other, and behind 999 of another container. */
async function benchConnect(places: readonly Place[], rounds: number): Promise<Table[]> {
  const connect = async ({ outside }: Place) =>
    Number(await outside.run(CONNECT, ENGINE_ADDRESS, String(REDIS_PORT), String(CONNECTIONS)));
  const found: Record<string, Figures> = {};
  const measure = async (suffix: string) => {
    for (const { engine } of places) await startRedis(engine);
    const ways = places.map((place) => [`${place.engine.name}, ${suffix}`, () => connect(place)]);
    Object.assign(found, await alternate(Math.round(rounds / 2), Object.fromEntries(ways)));
  };
  await measure('1 port');
  const started: Record<string, Figures> = {};
  for (const { engine } of places)
    started[engine.name] = figures([await timed(() => startCrowd(engine))]);
  await measure('1,000 ports');
  return [
    tableOf(
      {
        title: 'docker run -d with 999 published ports',
        note: `\`-p ${CROWD}:${CROWD}\`, once.`,
        unit: 'ms',
      },
      started,
    ),
    {
      title: CONNECTING,
      note: `From a neighbour of the engine's host, the median of ${CONNECTIONS} connections one after the other; wanted: not slower with 1,000 published ports than with one.`,
      head: headOf('µs'),
      rows: Object.entries(found).map(([name, each]) => figureRow(name, each)),
    },
  ];
}

/** A new container each time, so that its port is the one published last. */
async function startRedis(engine: RunningEngine): Promise<void> {
  await docker(engine, 'rm', '-f', 'redis').catch(() => undefined);
  const port = `${REDIS_PORT}:${REDIS_PORT}`;
  const flags = ['--name', 'redis', '-p', port];
  await docker(engine, 'run', '-d', ...flags, 'services', 'sh', '-c', servers.redis);
  while (!(await docker(engine, 'logs', 'redis')).includes('Ready to accept')) await delay(50);
}

async function startCrowd(engine: RunningEngine): Promise<void> {
  const flags = ['--name', 'crowd', '-p', `${CROWD}:${CROWD}`];
  await docker(engine, 'run', '-d', ...flags, 'busybox', 'sleep', '3600');
}

function tableOf(
  { title, note, unit }: Pick<Contest, 'title' | 'note' | 'unit'>,
  found: Record<string, Figures>,
): Table {
  const rows = Object.entries(found).map(([name, each]) => figureRow(name, each));
  const { petri, dockerd } = found;
  if (petri && dockerd) {
    const [name, above, below] =
      unit === 'ms' ? ['dockerd / petri', dockerd, petri] : ['petri / dockerd', petri, dockerd];
    rows.push([name, (above.median / below.median).toFixed(1), '', '', '']);
  }
  return { title, note, head: headOf(unit), rows };
}

function headOf(unit: string): string[] {
  return FIGURE_HEAD.map((word) => word.replace(/ms$/, unit));
}

function iperf(server: string): string[] {
  return ['iperf3', '--json', '--time', '1', '--client', server];
}

/** iperf3's client as the neighbour runs it: out of a container's files, for this machine need not have it. */
async function inRootOf(engine: RunningEngine): Promise<string[]> {
  const pid = (await docker(engine, 'inspect', '-f', '{{.State.Pid}}', 'host')).trim();
  return ['chroot', `/proc/${pid}/root`, ...iperf(ENGINE_ADDRESS)];
}

function gigabits(report: string): number {
  const { end } = JSON.parse(report) as { end: { sum_received: { bits_per_second: number } } };
  return end.sum_received.bits_per_second / 1e9;
}

async function docker({ socketPath }: RunningEngine, ...words: string[]): Promise<string> {
  const command = ['-H', `unix://${socketPath}`, ...words];
  return (await promisify(execFile)('docker', command, { maxBuffer: 1 << 26 })).stdout;
}
