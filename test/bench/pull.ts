/**
 * Pulls of a Debian image from a registry on loopback, as one layer and as six, by docker's own command. Each engine stands in
 * a network namespace of its own, and so does its registry; both read the same files.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { digestOf, mediaTypes } from '../../src/image/descriptor.ts';
import { composeManifest } from '../../src/image/manifest.ts';
import { openRegistries } from '../../src/image/registry/registries.ts';
import { type Blob, blobOf, upload } from '../support/blobs.ts';
import type { RunningEngine } from '../support/engines.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import type { Duel, Target } from './duels.ts';

/** Made by rootfs-fixtures/debian.sh. */
export const DEBIAN = 'build/debian.tar';

/** Of the registry in each engine's network. */
export const PORT = 5000;

/** What of the root filesystem each of the six layers has; the first has what no other does. */
const parts = [
  ['var'],
  ['usr/lib'],
  ['usr/bin', 'usr/sbin'],
  ['usr/share/locale'],
  ['usr/share/doc'],
];

/** Registries that serve one storage, one in each engine's network. */
export class BenchRegistries {
  readonly #open: TestRegistry[] = [];

  /** @returns undefined when there is no Debian to pull */
  static async start(
    root: string,
    engines: readonly RunningEngine[],
  ): Promise<BenchRegistries | undefined> {
    if (!existsSync(DEBIAN)) return undefined;
    const first = await startRegistry();
    const registries = new BenchRegistries();
    registries.#open.push(first);
    await fill(first.host, join(root, 'debian'));
    for (const { pid } of engines) {
      execFileSync('nsenter', ['-t', String(pid), '-n', 'ip', 'link', 'set', 'lo', 'up']);
      const choice = { storage: first.storage, networkOf: pid, port: PORT };
      registries.#open.push(await startRegistry(choice));
    }
    return registries;
  }

  async close(): Promise<void> {
    for (const registry of this.#open.reverse()) await registry.close();
  }
}

export const pullDuels: readonly Duel[] = ['one', 'six'].map((name) => ({
  title: `docker pull of a Debian in ${name === 'one' ? 'one layer' : 'six layers'}`,
  note: '120 MB in 6,600 files, 49 MB compressed, from a registry on loopback; removed between rounds, which is not counted; wanted: not slower than dockerd.',
  share: 0.5,
  before: (engine) => remove(engine, `127.0.0.1:${PORT}/${name}`),
  round: (engine) => docker(engine, 'pull', '-q', `127.0.0.1:${PORT}/${name}`),
}));

async function remove(engine: Target, image: string): Promise<void> {
  await docker(engine, 'rmi', '-f', image).catch(() => undefined);
}

async function docker({ socketPath }: Target, ...words: string[]): Promise<void> {
  const child = spawn('docker', ['-H', `unix://${socketPath}`, ...words], { stdio: 'ignore' });
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(`docker ${words[0]} on ${socketPath} ended with ${code}`);
}

async function fill(host: string, scratch: string): Promise<void> {
  mkdirSync(scratch);
  execFileSync('tar', ['-xf', DEBIAN, '-C', scratch]);
  const archive = (...words: string[]) =>
    execFileSync('tar', ['-C', scratch, '--numeric-owner', '-cf', '-', ...words], {
      maxBuffer: 1 << 30,
    });
  const excluded = parts.flat().map((path) => `--exclude=./${path}`);
  const six = [
    archive(...excluded, '.'),
    ...parts.map((paths) => archive(...paths.map((path) => `./${path}`))),
  ];
  await put(host, 'one', [readFileSync(DEBIAN)]);
  await put(host, 'six', six);
}

async function put(host: string, path: string, tars: Buffer[]): Promise<void> {
  const { signal } = new AbortController();
  const registries = openRegistries();
  const repository = registries.repository({ domain: host, path }, undefined);
  const layers = tars.map((tar) => blobOf(gzipSync(tar), mediaTypes.dockerLayerGzip));
  const config = configOf(tars);
  for (const blob of [...layers, config]) await upload(repository, blob, signal);
  const descriptors = layers.map(({ descriptor }) => descriptor);
  const bytes = composeManifest(config.descriptor, descriptors);
  await repository.putManifest('latest', { mediaType: mediaTypes.dockerManifest, bytes }, signal);
  await registries.close();
}

function configOf(tars: readonly Buffer[]): Blob {
  const document = {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Cmd: ['bash'] },
    rootfs: { type: 'layers', diff_ids: tars.map((tar) => digestOf(tar)) },
  };
  return blobOf(Buffer.from(JSON.stringify(document)), mediaTypes.dockerConfig);
}
