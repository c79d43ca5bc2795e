/** Processes as ps(1) prints them: its default format `-ef`, and lists of columns by `-o`. Pure. */
import { InvalidError } from '../errors/errors.ts';
import type { Process } from '../kernel/processes.ts';

/** What a row depends on besides the process. */
export interface Moment {
  nowMs: number;
  bootMs: number;
  /** Names of users and groups of the host, by number. */
  users: ReadonlyMap<number, string>;
  groups: ReadonlyMap<number, string>;
  memoryBytes: number;
}

type Column = readonly [heading: string, text: (process: Process, moment: Moment) => string];

const TICKS = 100;

const uid: Column = ['UID', (one, { users }) => nameOr(users, one.effectiveUid)];
const user: Column = ['USER', uid[1]];
const cpu = (one: Process, moment: Moment) =>
  (100 * (one.cpuTicks / TICKS)) / Math.max(0.01, elapsed(one, moment));
const command = (one: Process) =>
  one.arguments.length > 0
    ? one.arguments.join(' ').replace(/\p{Cc}/gu, '?')
    : `[${clean(one.name)}]`;
const clean = (name: string) => name.replace(/\p{Cc}/gu, '?');

const columns: Readonly<Record<string, Column>> = {
  uid: ['UID', (one) => String(one.effectiveUid)],
  user,
  euser: ['EUSER', uid[1]],
  ruser: ['RUSER', (one, { users }) => nameOr(users, one.uid)],
  gid: ['GID', (one) => String(one.gid)],
  group: ['GROUP', (one, { groups }) => nameOr(groups, one.gid)],
  pid: ['PID', (one) => String(one.pid)],
  ppid: ['PPID', (one) => String(one.parent)],
  pgid: ['PGID', (one) => String(one.group)],
  pgrp: ['PGRP', (one) => String(one.group)],
  sid: ['SID', (one) => String(one.session)],
  sess: ['SESS', (one) => String(one.session)],
  c: ['C', (one, moment) => String(Math.min(99, Math.trunc(cpu(one, moment))))],
  pcpu: ['%CPU', (one, moment) => cpu(one, moment).toFixed(1)],
  pmem: ['%MEM', (one, { memoryBytes }) => ((100 * one.residentBytes) / memoryBytes).toFixed(1)],
  vsz: ['VSZ', (one) => String(one.virtualBytes / 1024)],
  rss: ['RSS', (one) => String(one.residentBytes / 1024)],
  ni: ['NI', (one) => String(one.nice)],
  pri: ['PRI', (one) => String(19 - one.nice)],
  nlwp: ['NLWP', (one) => String(one.threads)],
  tty: ['TT', terminal],
  tname: ['TTY', terminal],
  s: ['S', (one) => one.state],
  stat: ['STAT', (one) => one.state + (one.session === one.pid ? 's' : '')],
  time: ['TIME', (one) => duration(Math.trunc(one.cpuTicks / TICKS))],
  etime: ['ELAPSED', (one, moment) => elapsedText(Math.trunc(elapsed(one, moment)))],
  etimes: ['ELAPSED', (one, moment) => String(Math.trunc(elapsed(one, moment)))],
  stime: ['STIME', startTime],
  start: ['STARTED', startTime],
  comm: ['COMMAND', (one) => clean(one.name)],
  args: ['COMMAND', command],
  cmd: ['CMD', command],
};

const aliases: Readonly<Record<string, string>> = {
  tt: 'tty',
  state: 's',
  command: 'args',
  '%cpu': 'pcpu',
  '%mem': 'pmem',
  nice: 'ni',
  start_time: 'stime',
  cputime: 'time',
  ucmd: 'comm',
  ucomm: 'comm',
  vsize: 'vsz',
  rssize: 'rss',
  session: 'sid',
  thcount: 'nlwp',
  euid: 'uid',
};

/** `ps -ef`: its UID is a name. */
const full: readonly Column[] = [
  uid,
  ...['pid', 'ppid', 'c', 'stime', 'tname', 'time', 'cmd'].map((key) => columns[key] as Column),
];

/**
 * @param text ps's options
 * @returns its columns, or undefined when the options are others than `-e`, `-f` and `-o`
 * @throws InvalidError for `-o` without a pid
 */
export function psColumns(text: string): readonly Column[] | undefined {
  const words = text.trim().split(/\s+/).filter(Boolean);
  const keys: string[] = [];
  let isFull = words.length === 0;
  while (words.length > 0) {
    const [, letters = '', rest = ''] = /^-([eAf]*)(o?.*)$/.exec(words.shift() ?? '') ?? [];
    isFull ||= letters.includes('f');
    if (rest.startsWith('o')) keys.push(...(rest.slice(1) || (words.shift() ?? '')).split(','));
    else if (rest !== '' || letters === '') return undefined;
  }
  if (keys.length === 0) return isFull ? full : undefined;
  const found = keys.map((key) => columns[aliases[key] ?? key]);
  if (found.some((column) => column === undefined)) return undefined;
  if (!keys.includes('pid')) throw new InvalidError("Couldn't find PID field in ps output");
  return found as Column[];
}

export function psTable(
  shown: readonly Column[],
  processes: readonly Process[],
  moment: Moment,
): { titles: string[]; rows: string[][] } {
  return {
    titles: shown.map(([heading]) => heading),
    rows: processes.map((one) => shown.map(([, text]) => text(one, moment))),
  };
}

function nameOr(names: ReadonlyMap<number, string>, id: number): string {
  const name = names.get(id) ?? String(id);
  return name.length <= 8 ? name : `${name.slice(0, 7)}+`;
}

/** Unix98 terminals are 136:0 … 143:255, the consoles 4:n. */
function terminal({ terminal: { major, minor } }: Process): string {
  if (major >= 136 && major <= 143) return `pts/${(major - 136) * 256 + minor}`;
  if (major === 4) return minor < 64 ? `tty${minor}` : `ttyS${minor - 64}`;
  return '?';
}

function elapsed({ startTicks }: Process, { nowMs, bootMs }: Moment): number {
  return Math.max(0, (nowMs - bootMs) / 1000 - startTicks / TICKS);
}

/** `HH:MM` today, `Mon02` before. */
function startTime(one: Process, moment: Moment): string {
  const start = new Date(moment.bootMs + (one.startTicks * 1000) / TICKS);
  const two = (value: number) => String(value).padStart(2, '0');
  if (start.toDateString() === new Date(moment.nowMs).toDateString())
    return `${two(start.getHours())}:${two(start.getMinutes())}`;
  return `${start.toLocaleString('en', { month: 'short' })}${two(start.getDate())}`;
}

/** `[DD-]HH:MM:SS` */
function duration(seconds: number): string {
  const two = (value: number) => String(Math.trunc(value)).padStart(2, '0');
  const days = Math.trunc(seconds / 86_400);
  const clock = [(seconds / 3600) % 24, (seconds / 60) % 60, seconds % 60].map(two).join(':');
  return days > 0 ? `${two(days)}-${clock}` : clock;
}

/** `[[DD-]HH:]MM:SS` */
function elapsedText(seconds: number): string {
  return seconds < 3600 ? duration(seconds).slice(3) : duration(seconds);
}
