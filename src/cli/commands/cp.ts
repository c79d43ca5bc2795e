/** `petri cp`: files between a container and this machine. `GET` and `PUT /containers/{id}/archive` */
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { PathStat } from '../../api/client/files.ts';
import type { CommandSpec } from '../command.ts';
import { arrange, type Destination, type Source } from '../copy/arrange.ts';
import type * as localFiles from '../copy/local-files.ts';
import { localDestination, localSource } from '../copy/local-path.ts';
import { parsePlace, splitLast } from '../copy/paths.ts';
import { CommandError } from '../errors.ts';
import type { Flags } from '../flags.ts';
import type { Session } from '../session.ts';
import { humanSize } from '../units.ts';

export const cp: CommandSpec = {
  name: 'cp',
  usage:
    '[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\tpetri cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH',
  summary: 'Copy files between a container and this machine; - is a tar archive',
  operands: [2, 2],
  flags: [
    { long: 'archive', short: 'a', text: "files belong to the container's user" },
    { long: 'follow-link', short: 'L', text: 'copy what a link at SRC_PATH leads to' },
    { long: 'quiet', short: 'q', text: 'do not say how much was copied' },
  ],
  async run(session, [source = '', destination = ''], flags) {
    if (source === '') throw new CommandError('source can not be empty');
    if (destination === '') throw new CommandError('destination can not be empty');
    const [from, to] = [parsePlace(source), parsePlace(destination)];
    if (from.container !== undefined && to.container !== undefined)
      throw new CommandError('copying between containers is not supported');
    if (from.container) return copyOut(session, from.container, from.path, to.path, flags);
    if (to.container) return copyIn(session, from.path, to.container, to.path, flags);
    throw new CommandError('must specify at least one container source');
  },
};

async function copyOut(
  session: Session,
  container: string,
  path: string,
  to: string,
  flags: Flags,
): Promise<number> {
  const destination = to === '-' ? undefined : localDestination(to);
  const { files } = await session.client();
  const link = flags.switch('follow-link') ? await linkAt(session, container, path) : undefined;
  const { stat, archive } = await files.read(container, link?.target ?? path);
  if (!destination) {
    await pipeline(archive, session.streams.stdout, { end: false });
    return 0;
  }
  const source = { path: link?.target ?? path, isFolder: isFolder(stat) };
  const { from } = arrange(source, destination);
  const { folder, to: name } = arrange({ ...source, name: link?.name }, destination);
  const copied = counted(archive);
  const { unpackLocal } = await loadLocalFiles();
  await unpackLocal(copied.bytes, { folder, from, to: name });
  tell(session, flags, copied.count(), destination.path);
  return 0;
}

async function copyIn(
  session: Session,
  path: string,
  container: string,
  to: string,
  flags: Flags,
): Promise<number> {
  const source = path === '-' ? undefined : localSource(path, flags.switch('follow-link'));
  const destination = await remoteDestination(session, container, to);
  const archive = await archiveFor(session, source, destination, `${container}:${to}`);
  const copied = counted(archive.bytes);
  const { files } = await session.client();
  const body = Readable.from(copied.bytes, { objectMode: false });
  await files.write(container, archive.folder, body, flags.switch('archive'));
  tell(session, flags, copied.count(), `${container}:${destination.path}`);
  return 0;
}

async function archiveFor(
  session: Session,
  source: Source | undefined,
  destination: Destination,
  shown: string,
): Promise<{ folder: string; bytes: AsyncIterable<Buffer> }> {
  if (!source) {
    if (destination.is !== 'folder')
      throw new CommandError(`destination "${shown}" must be a directory`);
    return { folder: destination.path, bytes: session.streams.stdin };
  }
  const { folder, to } = arrange(source, destination);
  const { packLocal } = await loadLocalFiles();
  return { folder, bytes: packLocal(source.path, to) };
}

/** A link at the end is followed; what cannot be looked at counts as not there. */
async function remoteDestination(
  session: Session,
  container: string,
  path: string,
): Promise<Destination> {
  const { files } = await session.client();
  const look = (at: string) => files.stat(container, at).catch(() => undefined);
  let [at, stat] = [path, await look(path)];
  if (stat && isLink(stat)) {
    at = posix.resolve('/', splitLast(path).folder, stat.linkTarget);
    stat = await look(at);
  }
  if (stat && !isFolder(stat) && !isFile(stat))
    throw new CommandError(
      `destination "${container}:${path}" must be a directory or a regular file`,
    );
  return { path: at, is: stat && (isFolder(stat) ? 'folder' : 'file') };
}

/** Where a link leads, and its own last name, which the copy gets. */
async function linkAt(
  session: Session,
  container: string,
  path: string,
): Promise<{ target: string; name: string } | undefined> {
  const stat = await (await session.client()).files.stat(container, path);
  if (!isLink(stat)) return undefined;
  const { folder, name } = splitLast(path);
  return { target: posix.resolve('/', folder, stat.linkTarget), name };
}

/** The type bits of Go's fs.FileMode. */
const has = ({ mode }: PathStat, bit: number): boolean => Math.floor(mode / 2 ** bit) % 2 === 1;
const isFolder = (stat: PathStat): boolean => has(stat, 31);
const isLink = (stat: PathStat): boolean => has(stat, 27);
const isFile = (stat: PathStat): boolean => ![31, 27, 26, 25, 24].some((bit) => has(stat, bit));

function counted(source: AsyncIterable<Buffer>) {
  let total = 0;
  async function* bytes(): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      total += chunk.length;
      yield chunk;
    }
  }
  return { bytes: bytes(), count: () => total };
}

function tell(session: Session, flags: Flags, bytes: number, where: string): void {
  if (flags.switch('quiet') || !session.streams.stdout.isTTY) return;
  session.warn(`Successfully copied ${humanSize(bytes)} to ${where}`);
}

/** It calls the kernel by FFI: loaded when it is needed. */
function loadLocalFiles(): Promise<typeof localFiles> {
  return import(new URL('./local-files.mjs', import.meta.url).href) as Promise<typeof localFiles>;
}
