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
    Labels: inOrder(record.labels),
    Mountpoint: paths.data,
    Name: record.name,
    Options: inOrder(record.options),
    Scope: 'local',
    ...(usage && { UsageData: usage }),
  };
}

/** As Go writes a map: by its keys. */
function inOrder(texts: Record<string, string> | null): Record<string, string> | null {
  const sorted = Object.entries(texts ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return texts && Object.fromEntries(sorted);
}
