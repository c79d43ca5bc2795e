/** The flags of `run` and `create`, docker's names and meanings. */
import { type FlagSpec, parseInteger } from '../flags.ts';
import { parseDuration } from '../moment.ts';
import { parseBytes } from '../units.ts';
import { parseLink } from './addresses.ts';
import { blockDeviceFlags } from './block-devices.ts';
import { parseMount } from './mount.ts';
import { parseNetwork } from './networks.ts';
import { parseUlimit } from './ulimit.ts';
import {
  parseAddress,
  parseHost,
  parseKeyValue,
  parseLabel,
  parseSysctl,
  parseVariable,
} from './values.ts';

/** Memory plus swap: bytes, or -1 for no limit. */
function parseSwap(text: string): number {
  return text === '-1' ? -1 : parseBytes(text);
}

/** Decimal CPUs → billionths. */
function parseCpus(text: string): number {
  if (!/^\d*\.?\d+$|^\d+\.$/.test(text))
    throw new Error(`failed to parse ${text} as a rational number`);
  return Math.round(Number(text) * 1e9);
}

/** `1m30s` → nanoseconds. */
function parseSpan(text: string): number {
  const seconds = parseDuration(text);
  if (seconds === undefined) throw new Error(`time: invalid duration ${JSON.stringify(text)}`);
  return Math.round(seconds * 1e9);
}

const identity: readonly FlagSpec[] = [
  { long: 'name', value: 'string', text: 'name of the container' },
  { long: 'hostname', short: 'h', value: 'string', text: 'host name inside' },
  { long: 'domainname', value: 'string', text: 'NIS domain name inside' },
  {
    long: 'label',
    short: 'l',
    value: 'list',
    list: true,
    parse: parseLabel,
    text: 'label, key=value',
  },
  { long: 'annotation', value: 'map', list: true, parse: parseKeyValue, text: 'a note to keep' },
  { long: 'label-file', value: 'list', list: true, text: 'file of labels' },
  { long: 'platform', value: 'string', text: 'platform of the image, os/arch' },
  { long: 'pull', value: 'string', text: 'pull the image: always, missing or never' },
  { long: 'quiet', short: 'q', text: 'no output while pulling' },
  { long: 'cidfile', value: 'string', text: 'write the id to this file' },
];

const program: readonly FlagSpec[] = [
  { long: 'entrypoint', value: 'string', text: "instead of the image's entrypoint" },
  {
    long: 'env',
    short: 'e',
    value: 'list',
    list: true,
    parse: parseVariable,
    text: 'environment, key=value or key',
  },
  { long: 'env-file', value: 'list', list: true, text: 'file of environment' },
  { long: 'workdir', short: 'w', value: 'string', text: 'working directory' },
  { long: 'user', short: 'u', value: 'string', text: 'user[:group], names or numbers' },
  { long: 'group-add', value: 'list', list: true, text: 'a further group' },
  { long: 'init', text: 'a small init as process 1' },
  { long: 'interactive', short: 'i', text: 'keep stdin open' },
  { long: 'tty', short: 't', text: 'a terminal' },
  { long: 'attach', short: 'a', value: 'list', list: true, text: 'attach stdin, stdout or stderr' },
  { long: 'stop-signal', value: 'string', text: 'signal that stops it' },
  { long: 'stop-timeout', value: 'int', parse: parseInteger, text: 'seconds from stop to kill' },
  { long: 'restart', value: 'string', text: 'no, always, unless-stopped, on-failure[:n]' },
  { long: 'rm', text: 'remove the container when it ends' },
  { long: 'health-cmd', value: 'string', text: 'command that checks its health' },
  {
    long: 'health-interval',
    value: 'duration',
    parse: parseSpan,
    text: 'time between two checks (30s)',
  },
  { long: 'health-timeout', value: 'duration', parse: parseSpan, text: 'longest check (30s)' },
  {
    long: 'health-start-period',
    value: 'duration',
    parse: parseSpan,
    text: 'while it starts, failures do not count',
  },
  {
    long: 'health-start-interval',
    value: 'duration',
    parse: parseSpan,
    text: 'time between two checks while it starts (5s)',
  },
  { long: 'health-retries', value: 'int', parse: parseInteger, text: 'failures to be unhealthy' },
  { long: 'no-healthcheck', text: "without the image's health check" },
];

const resources: readonly FlagSpec[] = [
  { long: 'memory', short: 'm', value: 'bytes', parse: parseBytes, text: 'memory limit' },
  { long: 'memory-swap', value: 'bytes', parse: parseSwap, text: 'memory plus swap, -1: no limit' },
  { long: 'memory-reservation', value: 'bytes', parse: parseBytes, text: 'soft memory limit' },
  { long: 'memory-swappiness', value: 'int', parse: parseInteger, text: '0 to 100' },
  { long: 'cpu-shares', short: 'c', value: 'int', parse: parseInteger, text: 'relative weight' },
  { long: 'cpu-period', value: 'int', parse: parseInteger, text: 'CFS period, microseconds' },
  { long: 'cpu-quota', value: 'int', parse: parseInteger, text: 'CFS quota, microseconds' },
  { long: 'cpus', value: 'decimal', parse: parseCpus, text: 'number of CPUs' },
  { long: 'cpuset-cpus', value: 'string', text: 'CPUs it may use (0-3, 0,1)' },
  { long: 'cpuset-mems', value: 'string', text: 'memory nodes it may use' },
  { long: 'pids-limit', value: 'int', parse: parseInteger, text: 'most processes, -1: no limit' },
  { long: 'ulimit', value: 'ulimit', list: true, parse: parseUlimit, text: 'name=soft[:hard]' },
  { long: 'oom-kill-disable', text: 'no OOM killer' },
  { long: 'oom-score-adj', value: 'int', parse: parseInteger, text: '-1000 to 1000' },
  { long: 'shm-size', value: 'bytes', parse: parseBytes, text: 'size of /dev/shm' },
  { long: 'blkio-weight', value: 'int', parse: parseInteger, text: '10 to 1000' },
  ...blockDeviceFlags,
  { long: 'cgroup-parent', value: 'string', text: 'parent cgroup' },
];

const isolation: readonly FlagSpec[] = [
  { long: 'cap-add', value: 'list', list: true, text: 'add a capability' },
  { long: 'cap-drop', value: 'list', list: true, text: 'drop a capability' },
  { long: 'privileged', text: 'all privileges of the host' },
  { long: 'security-opt', value: 'list', list: true, text: 'security option' },
  { long: 'read-only', text: 'root filesystem read-only' },
  {
    long: 'sysctl',
    value: 'map',
    list: true,
    parse: parseSysctl,
    text: 'kernel parameter, key=value',
  },
  { long: 'device', value: 'list', list: true, text: 'a device of the host' },
  { long: 'device-cgroup-rule', value: 'list', list: true, text: 'devices it may open: c 1:3 rw' },
  { long: 'cgroupns', value: 'string', text: 'cgroup namespace: host or private' },
  { long: 'ipc', value: 'string', text: 'IPC namespace' },
  { long: 'pid', value: 'string', text: 'PID namespace' },
  { long: 'uts', value: 'string', text: 'UTS namespace' },
  { long: 'userns', value: 'string', text: 'user namespace' },
  { long: 'runtime', value: 'string', text: 'runtime' },
];

const files: readonly FlagSpec[] = [
  { long: 'volume', short: 'v', value: 'list', list: true, text: 'source:target[:options]' },
  { long: 'volumes-from', value: 'list', list: true, text: "another container's volumes" },
  { long: 'volume-driver', value: 'string', text: 'driver of the volumes' },
  { long: 'mount', value: 'mount', list: true, parse: parseMount, text: 'type=…,src=…,dst=…' },
  { long: 'tmpfs', value: 'list', list: true, text: 'a tmpfs, /path[:options]' },
  { long: 'log-driver', value: 'string', text: 'logging driver' },
  { long: 'log-opt', value: 'list', list: true, parse: parseKeyValue, text: 'its options' },
];

const network: readonly FlagSpec[] = [
  attachTo('network', {
    text: 'bridge, host, none, container:NAME or a name; name=…,alias=…,ip=…',
  }),
  attachTo('net', { sameAs: 'network', text: 'the same', hidden: true }),
  { long: 'network-alias', value: 'list', list: true, text: 'a further name on its network' },
  {
    long: 'net-alias',
    value: 'list',
    list: true,
    sameAs: 'network-alias',
    text: 'the same',
    hidden: true,
  },
  { long: 'ip', value: 'string', text: 'IPv4 address' },
  { long: 'ip6', value: 'string', text: 'IPv6 address' },
  { long: 'link-local-ip', value: 'list', list: true, text: 'a link-local address' },
  { long: 'mac-address', value: 'string', text: 'MAC address' },
  { long: 'publish', short: 'p', value: 'list', list: true, text: '[ip:][host port:]port[/proto]' },
  { long: 'publish-all', short: 'P', text: 'publish all exposed ports' },
  { long: 'expose', value: 'list', list: true, text: 'expose a port' },
  { long: 'add-host', value: 'list', list: true, parse: parseHost, text: 'name:address' },
  { long: 'dns', value: 'list', list: true, parse: parseAddress, text: 'name server' },
  { long: 'dns-option', value: 'list', list: true, text: 'option of resolv.conf' },
  { long: 'dns-search', value: 'list', list: true, text: 'search domain' },
  { long: 'link', value: 'list', list: true, parse: parseLink, text: 'container[:alias]' },
];

function attachTo(long: string, more: Pick<FlagSpec, 'text' | 'sameAs' | 'hidden'>): FlagSpec {
  return { long, value: 'network', list: true, parse: parseNetwork, ...more };
}

/** Flags of `create`. */
export const createFlags: readonly FlagSpec[] = [
  ...identity,
  ...program,
  ...resources,
  ...isolation,
  ...files,
  ...network,
];

/** Flags of `run`: those of `create`, and how the terminal goes along. */
export const runFlags: readonly FlagSpec[] = [
  ...createFlags,
  { long: 'detach', short: 'd', text: 'in the background; print the id' },
  { long: 'detach-keys', value: 'string', text: 'keys that detach (ctrl-p,ctrl-q)' },
  { long: 'sig-proxy', text: 'pass signals on to the program (default true)' },
  explainFlag(),
];

/** Of `run` and `exec`. */
export function explainFlag(): FlagSpec {
  const text = 'print the steps as they happen: text or json';
  return { long: 'explain', value: 'format', bare: 'text', parse: parseExplain, text };
}

function parseExplain(text: string): string {
  if (text === 'text' || text === 'json') return text;
  throw new Error('expected text or json');
}
