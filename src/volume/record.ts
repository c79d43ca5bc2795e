/**
 * The one record of a volume, stored as `volumes/NAME/volume.json` under the data root. Who uses it is not in it: that
 * follows from the records of the containers.
 */
import { z } from 'zod';
import { isVolumeName } from './name.ts';

export interface VolumeRecord {
  schema: 1;
  name: string;
  driver: 'local';
  /** RFC 3339, in seconds. */
  createdAt: string;
  labels: Record<string, string> | null;
  /** Of the driver; none: a folder of the engine's own. */
  options: Record<string, string> | null;
}

/** What a volume that nobody has given a name is marked by. */
export const anonymousLabel = 'com.docker.volume.anonymous';

const texts = z.record(z.string(), z.string()).nullable();

export const volumeRecordSchema: z.ZodType<VolumeRecord> = z.object({
  schema: z.literal(1),
  name: z.string().refine(isVolumeName),
  driver: z.literal('local'),
  createdAt: z.string(),
  labels: texts,
  options: texts,
});
