/** The bench's tables: for the terminal, and as docs/PERFORMANCE.md. */
import { cpus, totalmem } from 'node:os';
import { detectCgroups } from '../../src/kernel/cgroup.ts';
import { kernelVersion } from '../../src/kernel/kernel-version.ts';
import { dockerdVersion } from '../support/engines.ts';
import type { Figures } from './statistics.ts';

export interface Table {
  title: string;
  /** How it was measured. */
  note: string;
  head: string[];
  rows: string[][];
}

export function figureRow(name: string, { rounds, min, median, max }: Figures): string[] {
  return [name, ...[median, min, max].map((ms) => ms.toFixed(1)), String(rounds)];
}

export const FIGURE_HEAD = ['', 'median ms', 'min ms', 'max ms', 'rounds'];

/** Kernel, processors, memory: what another machine's figures are compared by. No names. */
export function machine(): string {
  const kernel = /^[\d.]+/.exec(kernelVersion().release)?.[0];
  const gib = (totalmem() / 2 ** 30).toFixed(0);
  const docker = dockerdVersion();
  return [
    `Linux ${kernel} (${process.arch}), ${cpus().length} processors, ${gib} GiB, cgroup ${detectCgroups().mode}`,
    `Node ${process.versions.node}`,
    ...(docker ? [`dockerd ${docker}`] : []),
  ].join('; ');
}

export function asText({ title, head, rows }: Table): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ');
  return [title, ...all.map(line), ''].join('\n');
}

export function asMarkdown(tables: readonly Table[], date: Date): string {
  const section = ({ title, note, head, rows }: Table) => {
    const line = (row: readonly string[]) => `| ${row.join(' | ')} |`;
    const rule = line(head.map((_, i) => (i === 0 ? '---' : '--:')));
    return [`## ${title}`, '', note, '', line(head), rule, ...rows.map(line), ''].join('\n');
  };
  return [
    '# Performance',
    '',
    'Written by `make bench`; run it to get the figures of your own machine.',
    '',
    `${date.toISOString().slice(0, 10)}: ${machine()}.`,
    '',
    ...tables.map(section),
  ].join('\n');
}
