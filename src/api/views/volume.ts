/** A volume as the API shows it. */
import type { Volume } from '../../volume/store.ts';

/** @param usage how many containers have it, and its bytes, where that was asked for */
export function volumeView(
  { record, paths }: Volume,
  usage?: { RefCount: number; Size: number },
): object {
  return {
    CreatedAt: record.createdAt,
    Driver: record.driver,
    Labels: record.labels,
    Mountpoint: paths.data,
    Name: record.name,
    Options: record.options,
    Scope: 'local',
    ...(usage && { UsageData: usage }),
  };
}
