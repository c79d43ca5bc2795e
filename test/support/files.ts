/** Copying in and out of containers, in a test's words. */
import { execFileSync } from 'node:child_process';
import { copyIn } from '../../src/container/copy-in.ts';
import { copyOut } from '../../src/container/copy-out.ts';
import { exportRoot } from '../../src/container/export.ts';
import type { Container } from '../../src/container/table.ts';
import { readTar, type TarEntry } from '../../src/image/tar/read.ts';
import type { TestEngine } from './engine.ts';

export type Read = Omit<TarEntry, 'body'> & { text: string };

/** The entries of what a path names, by name. */
export async function entriesOf(
  { engine }: TestEngine,
  container: Container,
  path: string,
): Promise<Map<string, Read>> {
  let found = new Map<string, Read>();
  await copyOut(engine, container, path, async (_stat, archive) => {
    found = await readAll(archive);
  });
  return found;
}

export async function exported(
  { engine }: TestEngine,
  container: Container,
): Promise<Map<string, Read>> {
  let found = new Map<string, Read>();
  await exportRoot(engine, container, async (archive) => {
    found = await readAll(archive);
  });
  return found;
}

/** Unpacks a tar archive into a folder of the container. */
export async function put(
  { engine }: TestEngine,
  container: Container,
  folder: string,
  archive: Buffer,
  options: Partial<Parameters<typeof copyIn>[4]> = {},
): Promise<void> {
  const all = { keepKinds: true, ownedByUser: false, ...options };
  await copyIn(engine, container, folder, once(archive), all);
}

/** GNU tar's archive of names in a folder of the host. */
export function tarOf(folder: string, ...names: string[]): Buffer {
  const options = ['--numeric-owner', '--xattrs', '--format=pax', '-cf', '-', '-C', folder];
  return execFileSync('tar', [...options, ...names], { maxBuffer: 1 << 28 });
}

export async function readAll(archive: AsyncIterable<Buffer>): Promise<Map<string, Read>> {
  const found = new Map<string, Read>();
  for await (const { body, ...entry } of readTar(archive)) {
    const chunks: Buffer[] = [];
    for await (const chunk of body()) chunks.push(Buffer.from(chunk));
    found.set(entry.path.toString(), { ...entry, text: Buffer.concat(chunks).toString() });
  }
  return found;
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
