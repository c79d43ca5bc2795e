/** What a running container uses right now, from its control groups and its network namespace. */
import { readFile } from 'node:fs/promises';
import { type GroupUsage, usageV1, usageV2, v1Files, v2Files } from '../kernel/cgroup-usage.ts';
import type { Engine } from './engine.ts';
import { groupOf } from './plan/cgroup.ts';
import { isAlive } from './state.ts';
import type { Container } from './table.ts';

export interface InterfaceUsage {
  receivedBytes: number;
  receivedPackets: number;
  receivedErrors: number;
  receivedDropped: number;
  sentBytes: number;
  sentPackets: number;
  sentErrors: number;
  sentDropped: number;
}

export interface Sample {
  takenAtMs: number;
  usage: GroupUsage;
  /** By interface, without the loopback one; empty with the host's network. */
  interfaces: Record<string, InterfaceUsage>;
  /** Of the whole machine. */
  systemCpuNs: number;
}

/** @returns undefined when it does not run */
export async function takeSample(
  engine: Engine,
  container: Container,
): Promise<Sample | undefined> {
  const { state, hostConfig } = container.record;
  if (!isAlive(state)) return undefined;
  const isHosts = hostConfig.NetworkMode === 'host';
  const [usage, network, system] = await Promise.all([
    groupUsage(engine, container),
    isHosts ? '' : readIfThere(`/proc/${state.pid}/net/dev`),
    readIfThere('/proc/stat'),
  ]);
  return {
    takenAtMs: Date.now(),
    usage,
    interfaces: parseInterfaces(network),
    systemCpuNs: parseSystemCpu(system),
  };
}

async function groupUsage({ facts }: Engine, { record }: Container): Promise<GroupUsage> {
  const isV2 = facts.cgroup.mode === 'v2';
  const wanted = Object.entries(isV2 ? v2Files : v1Files).flatMap(([controller, names]) =>
    (names as readonly string[]).map((name) => [controller, name] as const),
  );
  const texts = await Promise.all(
    wanted.map(async ([controller, name]) => {
      const text = await readIfThere(`${groupOf({ facts, record }, controller)}/${name}`);
      return [`${controller}/${name}`, text] as const;
    }),
  );
  const byName = new Map(texts);
  const files = (controller: string, name: string) => byName.get(`${controller}/${name}`) ?? '';
  return isV2 ? usageV2(files) : usageV1(files);
}

/** It may end while it is looked at. */
async function readIfThere(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

/** proc_pid_net(5), `net/dev`: two lines of headings, then `eth0: 8 fields received, 8 sent`. Pure. */
export function parseInterfaces(text: string): Record<string, InterfaceUsage> {
  const rows = text.split('\n').flatMap((line) => {
    const [, name, rest] = /^\s*([^:|]+):\s*(.*)$/.exec(line) ?? [];
    if (!name || name === 'lo' || rest === undefined) return [];
    return [[name, interfaceOf(rest.split(/\s+/).map(Number))] as const];
  });
  return Object.fromEntries(rows);
}

function interfaceOf(fields: readonly number[]): InterfaceUsage {
  const at = (i: number) => fields[i] ?? 0;
  return {
    receivedBytes: at(0),
    receivedPackets: at(1),
    receivedErrors: at(2),
    receivedDropped: at(3),
    sentBytes: at(8),
    sentPackets: at(9),
    sentErrors: at(10),
    sentDropped: at(11),
  };
}

/** proc_stat(5): user, nice, system, idle, iowait, irq, softirq of all CPUs, in ticks of 10 ms. Pure. */
export function parseSystemCpu(text: string): number {
  const [, line = ''] = /^cpu +(.*)$/m.exec(text) ?? [];
  const ticks = line.split(' ').slice(0, 7).map(Number);
  return ticks.reduce((sum, each) => sum + each, 0) * 1e7;
}
