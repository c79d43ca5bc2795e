/**
 * What containers consist of in the kernel and on disk, counted before and after: a container that is
 * gone must leave nothing. A census of the whole host, but for what plainly belongs to another engine (its
 * shim's folder lies elsewhere), so that it also means something beside one.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cgroupParents, detectCgroups } from '../../src/kernel/cgroup.ts';
import { parseMountinfo } from '../../src/kernel/mountinfo.ts';
import { firewallObjects } from './firewall-objects.ts';
import { type Process, type ProcessTable, readProcesses, shimOf } from './processes.ts';

export interface CensusOptions {
  /** Whose descriptors and zombies count; default this process. */
  supervisorPid?: number;
  /** Folders of the engine: entries of theirs and of the folders in them are counted. */
  dataRoot?: string;
  runRoot?: string;
  /** Only this engine's cables and firewall table; default all whose name begins as ours do. */
  bridge?: string;
  /** How many addresses the engine has given out. */
  leases?: () => number;
  /** Connections of the supervisor to these ports of 127.0.0.1 do not count: it keeps them for the next request. */
  peerPorts?: readonly number[];
  /** Beginnings of the names of links that count. */
  linkPrefixes?: readonly string[];
}

export const kinds = [
  'mounts',
  'namespaces',
  'links',
  'cgroups',
  'nftables',
  'processes',
  'zombies',
  'descriptors',
  'files',
  'addresses',
] as const;
export type Kind = (typeof kinds)[number];

export interface Census {
  options: CensusOptions;
  /** By kind; the same text may stand several times. */
  found: Record<Kind, string[]>;
}

export interface Difference {
  kind: Kind;
  change: 'more' | 'less';
  what: string;
}

export async function census(options: CensusOptions = {}): Promise<Census> {
  const table = readProcesses();
  const own = [...table.values()].filter((process) => !isForeign(process, table, options));
  const supervisor = supervisorOf(options);
  const found = {
    mounts: mounts(),
    namespaces: [...new Set(own.map(({ network }) => network))].filter(Boolean),
    links: links(options),
    cgroups: cgroups(table, options),
    nftables: firewallObjects(options.bridge),
    processes: own.filter((each) => shimOf(each, table)).map(({ pid, name }) => `${name} ${pid}`),
    zombies: own
      .filter(({ parent, state }) => parent === supervisor && state === 'Z')
      .map(({ pid, name }) => `${name} ${pid}`),
    descriptors: descriptors(supervisor, options.peerPorts),
    files: [options.dataRoot, options.runRoot].flatMap((root) => (root ? files(root) : [])),
    addresses: Array.from({ length: options.leases?.() ?? 0 }, () => 'address'),
  };
  return { options, found };
}

/** What is there more or less often than before. */
export function diffCensus(before: Census, after: Census): Difference[] {
  return kinds.flatMap((kind) => {
    const [was, is] = [before.found[kind], after.found[kind]];
    return [
      ...surplus(is, was).map((what) => ({ kind, change: 'more' as const, what })),
      ...surplus(was, is).map((what) => ({ kind, change: 'less' as const, what })),
    ];
  });
}

/**
 * Waits until nothing is left over; things of others that come and go meanwhile do not count. Files that are
 * missing count as well: a removal must not take what it does not own.
 * @throws Error listing what stayed all the time until the deadline
 */
export async function expectNoLeak(before: Census, timeoutMs = 5000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let staying: Difference[] | undefined;
  for (;;) {
    const now = diffCensus(before, await census(before.options)).filter(isLeak);
    staying = staying ? now.filter((each) => has(staying as Difference[], each)) : now;
    if (now.length === 0 || staying.length === 0) return;
    if (performance.now() > deadline) throw new Error(`left over:\n${describe(staying)}`);
    await delay(20);
  }
}

/** What lay in the trash is meant to go. */
function isLeak({ kind, change, what }: Difference): boolean {
  return change === 'more' || (kind === 'files' && !what.includes('/trash/'));
}

function has(list: readonly Difference[], one: Difference): boolean {
  return list.some(
    ({ kind, what, change }) => kind === one.kind && what === one.what && change === one.change,
  );
}

function describe(differences: readonly Difference[]): string {
  return differences.map(({ kind, change, what }) => `  ${change} ${kind}: ${what}`).join('\n');
}

function surplus(of: readonly string[], over: readonly string[]): string[] {
  const left = [...over];
  return of.filter((each) => {
    const at = left.indexOf(each);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** It is a shim of another engine, or descends from one. A zombie has no folder any more: its parent tells. */
function isForeign(
  process: Process,
  table: ProcessTable,
  { runRoot, ...options }: CensusOptions,
): boolean {
  const shim = shimOf(process, table);
  if (runRoot === undefined || shim === undefined) return false;
  if (shim.state === 'Z') return shim.parent !== supervisorOf(options);
  return !shim.cwd.startsWith(`${runRoot}/`);
}

function supervisorOf({ supervisorPid = process.pid }: CensusOptions): number {
  return supervisorPid;
}

/** Also those that hold a namespace by a file. */
function mounts(): string[] {
  const text = readFileSync('/proc/self/mountinfo', 'utf8');
  return parseMountinfo(text).map(({ fstype, target, root }) => `${fstype} ${root} on ${target}`);
}

/** With a bridge named, the cables that hang on another one are another engine's. */
function links({ bridge, linkPrefixes = ['veth', 'petri'] }: CensusOptions): string[] {
  const prefixes = bridge ? [...linkPrefixes, bridge] : linkPrefixes;
  const names = readdirSync('/sys/class/net');
  return names.filter((name) => {
    const foreign = bridge !== undefined && ![undefined, bridge].includes(masterOf(name));
    return !foreign && prefixes.some((prefix) => name.startsWith(prefix));
  });
}

/** The bridge a link hangs on. */
function masterOf(link: string): string | undefined {
  const [target] = ifThere(() => [readlinkSync(`/sys/class/net/${link}/master`)]);
  return target && basename(target);
}

/** Groups below `petri` that are empty or have a process that is not another engine's. */
function cgroups(table: ProcessTable, options: CensusOptions): string[] {
  const foreign = new Set(
    [...table.values()]
      .filter((process) => isForeign(process, table, options))
      .flatMap(({ groups }) => groups.map((line) => basename(line))),
  );
  return cgroupParents(detectCgroups())
    .flatMap((parent) => folders(parent).map((name) => join(parent, name)))
    .filter((path) => !foreign.has(basename(path)));
}

function folders(path: string): string[] {
  const entries = ifThere(() => readdirSync(path, { withFileTypes: true }));
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** What each descriptor is, without numbers that differ each time. */
function descriptors(pid: number, peerPorts: readonly number[] = []): string[] {
  const dir = `/proc/${pid}/fd`;
  const kept = new Set(peerPorts.flatMap((port) => connectionsTo(pid, port)));
  return ifThere(() => readdirSync(dir))
    .flatMap((fd) => ifThere(() => [readlinkSync(join(dir, fd))]))
    .filter((target) => target !== dir && !kept.has(target))
    .map((target) => target.replace(/:\[\d+\]$/, ''));
}

/** The sockets of connections to a port of 127.0.0.1, seen from the process's network, as `socket:[1234]`. proc_net(5) */
export function connectionsTo(pid: number, port: number): string[] {
  const peer = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync(`/proc/${pid}/net/tcp`, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[2] === peer)
    .map((fields) => `socket:[${fields[9]}]`);
}

function files(root: string): string[] {
  const below = (dir: string) => ifThere(() => readdirSync(dir)).map((name) => join(dir, name));
  const top = folders(root).map((name) => join(root, name));
  return [...below(root), ...top.flatMap(below)];
}

/** Processes and folders may go while they are looked at: then there is nothing in them. */
function ifThere<T>(read: () => T[]): T[] {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'ENOTDIR') return [];
    throw error;
  }
}
