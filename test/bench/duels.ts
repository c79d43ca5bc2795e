/** What docker's own command is asked to do, on Petri and on dockerd in turn. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { RunningEngine } from '../support/engines.ts';
import { timed } from './statistics.ts';

export interface Duel {
  title: string;
  note: string;
  /** How many times one round is done, of the bench's rounds. */
  share: number;
  /** Done once on each engine before the rounds. */
  prepare?(engine: Target): Promise<void>;
  /** An engine that does nothing takes part: what is left is the command's own. */
  hasFloor?: boolean;
  /** Before each round, not counted. */
  before?(engine: Target): Promise<void>;
  /** One round. */
  round(engine: Target): Promise<void>;
}

/** Whom docker's command talks to. */
export type Target = Pick<RunningEngine, 'name' | 'socketPath'>;

const MEGABYTES = 200;
const LINES = `yes ${'x'.repeat(71)} | head -c ${MEGABYTES}000000`;
/** Docker's default is no limit, Petri's is 3 files of 20 MiB: both are asked for the same. */
const WHOLE_LOG = ['--log-opt', 'max-size=10g'];
const AT_ONCE = 30;

export const duels: readonly Duel[] = [
  {
    title: 'docker run --rm busybox true',
    note: "By docker's command line, on the default bridge; wanted: dockerd takes at least 5 times as long.",
    share: 1,
    round: (engine) => docker(engine, 'run', '--rm', 'busybox', 'true'),
  },
  {
    title: 'docker exec CONTAINER true',
    note: 'In a container that runs; wanted: at least 3 times. On an engine that does nothing the command takes what the first row says.',
    share: 1,
    hasFloor: true,
    prepare: (engine) => docker(engine, 'run', '-d', '--name', 'host', 'busybox', 'sleep', '3600'),
    round: (engine) => docker(engine, 'exec', 'host', 'true'),
  },
  {
    title: `${AT_ONCE} × docker run --rm busybox true at once`,
    note: 'All started together, until the last has ended; wanted: at least 5 times.',
    share: 0.2,
    round: async (engine) => {
      const runs = Array.from({ length: AT_ONCE }, () =>
        docker(engine, 'run', '--rm', 'busybox', 'true'),
      );
      await Promise.all(runs);
    },
  },
  {
    title: `${MEGABYTES} MB of 72-byte lines to standard output`,
    note: 'By docker run, attached and logged; wanted: at least 5 times.',
    share: 0.2,
    round: (engine) => docker(engine, 'run', '--rm', ...WHOLE_LOG, 'busybox', 'sh', '-c', LINES),
  },
  {
    title: `docker logs of ${MEGABYTES} MB of 72-byte lines`,
    note: 'Of a container that has ended; wanted: at least 5 times.',
    share: 0.2,
    prepare: (engine) =>
      docker(engine, 'run', '--name', 'talker', ...WHOLE_LOG, 'busybox', 'sh', '-c', LINES),
    round: (engine) => docker(engine, 'logs', 'talker'),
  },
];

/** Removes what `prepare` made: Petri's containers would outlive their engine. */
export async function tidy(engine: Target): Promise<void> {
  await docker(engine, 'rm', '-f', 'host', 'talker');
}

/** The ways of a duel as `alternate` takes them. */
export function waysOf(duel: Duel, engines: readonly Target[]) {
  return Object.fromEntries(
    engines.map((engine) => [
      engine.name,
      async () => {
        await duel.before?.(engine);
        return timed(() => duel.round(engine));
      },
    ]),
  );
}

async function docker({ socketPath }: Target, ...command: string[]): Promise<void> {
  const child = spawn('docker', ['-H', `unix://${socketPath}`, ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // Read and thrown away, as by a pipe into wc.
  child.stdout.resume();
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(`docker ${command[0]} on ${socketPath} ended with ${code}`);
}
