/** A container as `ps` and its templates see it: docker's `formatter.ContainerContext`. */
import type { ContainerSummary, Port } from '../../api/client/types.ts';
import { humanDuration, humanSize } from '../units.ts';
import type { Context } from './list.ts';
import { ellipsis, formatLabels, formatTime, shortId } from './text.ts';

export const containerHeadings: Readonly<Record<string, string>> = {
  ID: 'CONTAINER ID',
  Names: 'NAMES',
  Image: 'IMAGE',
  Command: 'COMMAND',
  CreatedAt: 'CREATED AT',
  RunningFor: 'CREATED',
  Ports: 'PORTS',
  State: 'STATE',
  Status: 'STATUS',
  Size: 'SIZE',
  Labels: 'LABELS',
  Mounts: 'MOUNTS',
  LocalVolumes: 'LOCAL VOLUMES',
  Networks: 'NETWORKS',
};

/** @param nowMs for the age; Unix milliseconds */
export function containerContext(
  container: ContainerSummary,
  isWhole: boolean,
  nowMs = Date.now(),
): Context {
  const labels = container.Labels ?? {};
  const mounts = container.Mounts ?? [];
  const mountNames = mounts.map((mount) => mount.Name || mount.Source);
  return {
    Command: JSON.stringify(isWhole ? container.Command : ellipsis(container.Command, 20)),
    CreatedAt: formatTime(container.Created),
    ID: isWhole ? container.Id : shortId(container.Id),
    Image: imageName(container, isWhole),
    Labels: formatLabels(labels),
    LocalVolumes: String(mounts.filter((mount) => mount.Type === 'volume').length),
    Mounts: (isWhole ? mountNames : mountNames.map((name) => ellipsis(name, 15))).join(','),
    Names: names(container.Names, isWhole).join(','),
    Networks: Object.keys(container.NetworkSettings?.Networks ?? {}).join(','),
    Platform: null,
    Ports: formatPorts(container.Ports ?? []),
    RunningFor: `${humanDuration(nowMs / 1000 - container.Created)} ago`,
    Size: size(container),
    State: container.State,
    Status: container.Status,
    Label: (name: unknown) => labels[String(name)] ?? '',
  };
}

function imageName({ Image, ImageID }: ContainerSummary, isWhole: boolean): string {
  if (Image === '') return '<no image>';
  if (isWhole || Image !== ImageID)
    return isWhole ? Image : Image.replace(/@sha256:[0-9a-f]+$/, '');
  return shortId(ImageID);
}

/** Without the names that links give (`/a/b`), unless nothing is to be left out. */
function names(all: readonly string[], isWhole: boolean): string[] {
  const bare = all.map((name) => name.replace(/^\//, ''));
  return isWhole ? bare : bare.filter((name) => !name.includes('/'));
}

function size({ SizeRw = 0, SizeRootFs = 0 }: ContainerSummary): string {
  const own = humanSize(SizeRw);
  return SizeRootFs > 0 ? `${own} (virtual ${humanSize(SizeRootFs)})` : own;
}

/**
 * `0.0.0.0:81-82->81-82/tcp, 0.0.0.0:8080->80/tcp`. Docker joins neighbours that are published as themselves, or not
 * at all, and tells those published as another port after all others.
 */
export function formatPorts(ports: readonly Port[]): string {
  const sorted = [...ports].sort(portOrder);
  const isMoved = (port: Port): boolean => Boolean(port.IP) && port.PublicPort !== port.PrivatePort;
  const moved = sorted.filter(isMoved).map(movedPort);
  return [...joined(sorted.filter((port) => !isMoved(port))), ...moved].join(', ');
}

function portOrder(a: Port, b: Port): number {
  return (
    a.PrivatePort - b.PrivatePort ||
    compare(a.IP ?? '', b.IP ?? '') ||
    (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
    compare(a.Type, b.Type)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

interface Range {
  of: Port;
  last: number;
}

/** As docker has it: a range that others interrupt is told before those that are open to the end. */
function joined(sorted: readonly Port[]): string[] {
  const open = new Map<string, Range>();
  const told: Range[] = [];
  for (const port of sorted) {
    const key = `${port.IP ?? ''}/${port.Type}`;
    const range = open.get(key);
    if (range && port.PrivatePort === range.last + 1) {
      range.last++;
      continue;
    }
    if (range) told.push(range);
    open.set(key, { of: port, last: port.PrivatePort });
  }
  return [...told, ...open.values()].map(rangeOfPorts);
}

function rangeOfPorts({ of: { IP, PrivatePort, Type }, last }: Range): string {
  const ports = last === PrivatePort ? `${last}` : `${PrivatePort}-${last}`;
  return IP ? `${hostPort(IP, ports)}->${ports}/${Type}` : `${ports}/${Type}`;
}

function movedPort({ IP = '', PublicPort, PrivatePort, Type }: Port): string {
  return `${hostPort(IP, String(PublicPort ?? 0))}->${PrivatePort}/${Type}`;
}

/** Go's `net.JoinHostPort`. */
export function hostPort(host: string, port: string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
