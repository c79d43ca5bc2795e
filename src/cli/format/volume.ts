/** A volume as `volume ls` and its templates see it: docker's `formatter.volumeContext`. */
import type { VolumeAnswer } from '../../api/client/types.ts';
import { humanSize } from '../units.ts';
import type { Context } from './list.ts';
import { formatLabels } from './text.ts';

export const volumeHeadings: Readonly<Record<string, string>> = {
  Name: 'VOLUME NAME',
  Driver: 'DRIVER',
  Scope: 'SCOPE',
  Mountpoint: 'MOUNTPOINT',
  Labels: 'LABELS',
  Links: 'LINKS',
  Size: 'SIZE',
  Availability: 'AVAILABILITY',
  Group: 'GROUP',
  Status: 'STATUS',
};

/** What only a swarm's volumes have. */
const none = 'N/A';

export function volumeContext(volume: VolumeAnswer): Context {
  const { Name, Driver, Scope = 'local', Mountpoint, UsageData } = volume;
  const labels = volume.Labels ?? {};
  return {
    Name,
    Driver,
    Scope,
    Mountpoint,
    Labels: formatLabels(labels),
    Links: UsageData ? String(UsageData.RefCount) : none,
    Size: UsageData ? humanSize(UsageData.Size) : none,
    Availability: none,
    Group: none,
    Status: none,
    Label: (name: unknown) => labels[String(name)] ?? '',
  };
}
