/** Images that leave and come back, by docker's own command: import, save, load, commit, push. Beside the pulls of pull.ts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duel, Target } from './duels.ts';
import { DEBIAN, PORT } from './pull.ts';

const IMAGE = 'archived';
const WORKER = 'worker';
const WORK_MB = 50;
const LIKE_DOCKER = 'wanted: not slower than dockerd.';
const removed = `Removed between rounds, which is not counted; ${LIKE_DOCKER}`;

/** What an engine itself has saved. */
const fileOf = ({ name }: Target) => join(tmpdir(), `petri-bench-${process.pid}-${name}.tar`);

const remove = (engine: Target) => docker(engine, 'rmi', '-f', IMAGE).catch(() => undefined);
const bring = (engine: Target) => docker(engine, 'import', DEBIAN, IMAGE);

const RANDOM = 'cat /dev/urandom';
/** Random too, and yet it shrinks to less than a half. */
const TEXT = 'od -An -tx2 /dev/urandom';

/** A container that has written what the command prints, so that there is something to pack. */
async function work(engine: Target, printed = RANDOM): Promise<void> {
  await docker(engine, 'rm', '-f', WORKER).catch(() => undefined);
  const command = `${printed} | head -c ${WORK_MB}000000 >/written`;
  const flags = ['--name', WORKER, '--network', 'none'];
  await docker(engine, 'run', ...flags, 'busybox', 'sh', '-c', command);
}

export const archiveDuels: readonly Duel[] = [
  {
    title: 'docker import of a Debian',
    note: `120 MB in 6,600 files. ${removed}`,
    share: 0.5,
    before: remove,
    round: bring,
  },
  {
    title: 'docker save of a Debian',
    note: LIKE_DOCKER,
    share: 0.5,
    prepare: bring,
    round: (engine) => docker(engine, 'save', IMAGE),
  },
  {
    title: 'docker load of a Debian',
    note: `What the engine itself has saved. ${removed}`,
    share: 0.5,
    prepare: (engine) => docker(engine, 'save', '-o', fileOf(engine), IMAGE),
    before: remove,
    round: (engine) => docker(engine, 'load', '-q', '-i', fileOf(engine)),
  },
  {
    title: `docker commit of ${WORK_MB} MB`,
    note: `One file of random bytes. ${removed}`,
    share: 0.5,
    prepare: (engine) => work(engine),
    before: remove,
    round: (engine) => docker(engine, 'commit', WORKER, IMAGE),
  },
  pushDuel(`docker push of ${WORK_MB} MB`, 'random bytes', RANDOM),
  pushDuel(`docker push of ${WORK_MB} MB of text`, 'random hexadecimal digits', TEXT),
];

function pushDuel(title: string, what: string, printed: string): Duel {
  const imageOf = ({ name }: Target) => `127.0.0.1:${PORT}/pushed/by-${name}`;
  return {
    title,
    note: `A layer of ${what} that nobody has seen, packed, compressed and sent to a registry on loopback; ${LIKE_DOCKER}`,
    share: 0.3,
    before: async (engine) => {
      await work(engine, printed);
      await docker(engine, 'commit', WORKER, imageOf(engine));
    },
    round: (engine) => docker(engine, 'push', '-q', imageOf(engine)),
  };
}

/** Removes what the duels have made. */
export async function tidyArchives(engine: Target): Promise<void> {
  const images = [IMAGE, `127.0.0.1:${PORT}/pushed/by-${engine.name}`];
  await docker(engine, 'rm', '-f', WORKER).catch(() => undefined);
  for (const image of images) await docker(engine, 'rmi', '-f', image).catch(() => undefined);
  rmSync(fileOf(engine), { force: true });
}

async function docker({ socketPath }: Target, ...words: string[]): Promise<void> {
  const child = spawn('docker', ['-H', `unix://${socketPath}`, ...words], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  child.stdout.resume();
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(`docker ${words[0]} on ${socketPath} ended with ${code}`);
}
