/** What images, containers, volumes and build caches take, as `docker system df` shows it. Pure. */
import type { ContainerSummary, DiskUsage, ImageSummary } from '../../api/client/types.ts';
import { formatTable } from '../table.ts';
import { humanSize } from '../units.ts';
import { containerContext } from './container.ts';
import { imageContexts } from './image.ts';
import type { Context } from './list.ts';

export const diskUsageHeadings: Readonly<Record<string, string>> = {
  Type: 'TYPE',
  TotalCount: 'TOTAL',
  Active: 'ACTIVE',
  Size: 'SIZE',
  Reclaimable: 'RECLAIMABLE',
};

/** One context for each kind. */
export function diskUsageContexts(usage: DiskUsage): Context[] {
  const { Images: images, Containers: containers, Volumes, BuildCache } = usage;
  const volumes = Volumes ?? [];
  const cache = BuildCache ?? [];
  return [
    imagesContext(images ?? [], usage.LayersSize),
    kind('Containers', containers ?? [], isActive, ({ SizeRw }) => SizeRw ?? 0, true),
    kind(
      'Local Volumes',
      volumes,
      ({ UsageData }) => (UsageData?.RefCount ?? 0) > 0,
      ({ UsageData }) => Math.max(0, UsageData?.Size ?? 0),
      true,
    ),
    kind(
      'Build Cache',
      cache,
      ({ InUse }) => InUse,
      ({ Size, Shared }) => (Shared ? 0 : Size),
      false,
    ),
  ];
}

function imagesContext(images: readonly ImageSummary[], layersBytes: number): Context {
  const used = images.filter(({ Containers }) => (Containers ?? 0) > 0);
  const usedBytes = used.reduce((sum, { Size, SharedSize }) => sum + Size - (SharedSize ?? 0), 0);
  return row('Images', images.length, used.length, layersBytes, layersBytes - usedBytes, true);
}

function kind<T>(
  name: string,
  items: readonly T[],
  isUsed: (item: T) => boolean,
  bytesOf: (item: T) => number,
  withPercent: boolean,
): Context {
  const sum = (some: readonly T[]): number => some.reduce((all, item) => all + bytesOf(item), 0);
  const used = items.filter(isUsed);
  const bytes = sum(items);
  return row(name, items.length, used.length, bytes, bytes - sum(used), withPercent);
}

function row(
  name: string,
  count: number,
  active: number,
  bytes: number,
  reclaimable: number,
  withPercent: boolean,
): Context {
  const percent = withPercent && bytes > 0 ? ` (${Math.trunc((reclaimable * 100) / bytes)}%)` : '';
  return {
    Type: name,
    TotalCount: String(count),
    Active: String(active),
    Size: fullSize(bytes),
    Reclaimable: `${fullSize(reclaimable)}${percent}`,
  };
}

function isActive({ State }: ContainerSummary): boolean {
  return ['running', 'paused', 'restarting'].includes(State);
}

/** The tables of `system df -v`. */
export function verboseUsage(usage: DiskUsage, nowMs = Date.now()): string {
  const cacheBytes = (usage.BuildCache ?? []).reduce(
    (sum, { Size, Shared }) => sum + (Shared ? 0 : Size),
    0,
  );
  return [
    'Images space usage:\n',
    formatTable([imageHeadings, ...(usage.Images ?? []).flatMap((one) => imageRows(one, nowMs))]),
    '\nContainers space usage:\n',
    formatTable([
      containerHeadings,
      ...(usage.Containers ?? []).map((one) => containerRow(one, nowMs)),
    ]),
    '\nLocal Volumes space usage:\n',
    formatTable([
      ['VOLUME NAME', 'LINKS', 'SIZE'],
      ...(usage.Volumes ?? []).map(({ Name, UsageData }) => [
        Name,
        String(UsageData?.RefCount ?? 0),
        fullSize(Math.max(0, UsageData?.Size ?? 0)),
      ]),
    ]),
    `\nBuild cache usage: ${fullSize(cacheBytes)}\n`,
    formatTable([['CACHE ID', 'CACHE TYPE', 'SIZE', 'CREATED', 'LAST USED', 'USAGE', 'SHARED']]),
  ].join('\n');
}

const imageHeadings = [
  'REPOSITORY',
  'TAG',
  'IMAGE ID',
  'CREATED',
  'SIZE',
  'SHARED SIZE',
  'UNIQUE SIZE',
  'CONTAINERS',
];

function imageRows(image: ImageSummary, nowMs: number): string[][] {
  const options = { isWhole: false, hasDigests: false };
  const keys = ['Repository', 'Tag', 'ID', 'CreatedSince', 'Size', 'SharedSize', 'UniqueSize'];
  return imageContexts(image, options, nowMs).map((context) => [
    ...keys.map((key) => `${context[key]}`),
    String(image.Containers ?? 0),
  ]);
}

const containerHeadings = [
  'CONTAINER ID',
  'IMAGE',
  'COMMAND',
  'LOCAL VOLUMES',
  'SIZE',
  'CREATED',
  'STATUS',
  'NAMES',
];

function containerRow(container: ContainerSummary, nowMs: number): string[] {
  const context = containerContext(container, false, nowMs);
  const keys = ['ID', 'Image', 'Command', 'LocalVolumes'];
  return [
    ...keys.map((key) => `${context[key]}`),
    humanSize(container.SizeRw ?? 0),
    `${context.RunningFor}`,
    `${context.Status}`,
    `${context.Names}`,
  ];
}

/** With four digits, as docker shows what takes the disk. */
function fullSize(bytes: number): string {
  return humanSize(bytes, 4);
}
