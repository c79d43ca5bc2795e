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

/** `0.0.0.0:8080->80/tcp, 81/udp`; neighbours are joined to a range. */
export function formatPorts(ports: readonly Port[]): string {
  const sorted = [...ports].sort(
    (a, b) =>
      a.PrivatePort - b.PrivatePort ||
      (a.IP ?? '').localeCompare(b.IP ?? '') ||
      (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
      a.Type.localeCompare(b.Type),
  );
  const ranges: { first: Port; count: number }[] = [];
  for (const port of sorted) {
    const range = ranges.find((candidate) => isNext(candidate.first, candidate.count, port));
    if (range) range.count++;
    else ranges.push({ first: port, count: 1 });
  }
  return ranges.map(({ first, count }) => formatRange(first, count)).join(', ');
}

/** Docker joins only ports that are published as themselves, or not at all. */
function isNext(first: Port, count: number, port: Port): boolean {
  const isSame = first.Type === port.Type && first.IP === port.IP;
  const isPlain = (p: Port): boolean => !p.PublicPort || p.PublicPort === p.PrivatePort;
  return (
    isSame && isPlain(first) && isPlain(port) && port.PrivatePort === first.PrivatePort + count
  );
}

function formatRange({ IP = '', PublicPort, PrivatePort, Type }: Port, count: number): string {
  const span = (from: number): string => (count > 1 ? `${from}-${from + count - 1}` : String(from));
  if (!PublicPort) return `${span(PrivatePort)}/${Type}`;
  const host = IP.includes(':') ? `[${IP}]` : IP;
  return `${host}:${span(PublicPort)}->${span(PrivatePort)}/${Type}`;
}
