/** `POST /volumes/create`, and every volume that a container asks for. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { ConflictError, NotFoundError } from '../errors/errors.ts';
import { writeRecord } from '../store/record.ts';
import { assertVolumeName } from './name.ts';
import { assertDriverOptions } from './options.ts';
import { anonymousLabel, type VolumeRecord } from './record.ts';
import { Volume, type VolumeStore } from './store.ts';

export interface VolumeRequest {
  /** Empty: 64 random hex digits. */
  name: string;
  /** Empty: `local`. */
  driver: string;
  labels: Record<string, string> | null;
  options: Record<string, string> | null;
}

export interface CreatedVolume {
  volume: Volume;
  /** It was not there before. */
  isNew: boolean;
  /** Until this is called nobody can remove it. */
  release: () => void;
}

/**
 * Gives the volume of that name, made if it is not there. Its labels stay as they are if it is, as with docker.
 * @throws InvalidError for a bad name or option, NotFoundError for an unknown driver, ConflictError when one of that
 *   name has other options
 */
export function createVolume(volumes: VolumeStore, request: VolumeRequest): Promise<CreatedVolume> {
  assertVolumeRequest(request);
  return volumes.lock.run(async () => {
    const existing = volumes.get(request.name);
    if (existing) assertSameOptions(existing, request);
    const volume = existing ?? (await make(volumes, recordFor(request)));
    return { volume, isNew: !existing, release: volumes.hold(volume.name) };
  });
}

/**
 * Gives one that must be there.
 * @throws NotFoundError
 */
export function takeVolume(volumes: VolumeStore, name: string): Promise<CreatedVolume> {
  return volumes.lock.run(async () => {
    const volume = volumes.find(name);
    return { volume, isNew: false, release: volumes.hold(name) };
  });
}

/** What of a request can be judged without looking at anything. @throws as createVolume */
export function assertVolumeRequest({ name, driver, options }: VolumeRequest): void {
  if (name !== '') assertVolumeName(name);
  if (driver !== '' && driver !== 'local')
    throw new NotFoundError(
      `create ${name}: error looking up volume plugin ${driver}: plugin ${JSON.stringify(driver)} not found`,
    );
  assertDriverOptions(options ?? {});
}

function assertSameOptions({ name, record }: Volume, { options }: VolumeRequest): void {
  if (options === null || Object.keys(options).length === 0) return;
  const sorted = (all: object | null) => JSON.stringify(Object.entries(all ?? {}).sort());
  if (sorted(options) !== sorted(record.options))
    throw new ConflictError(
      `A volume named ${name} already exists with other options. Choose a different volume name.`,
    );
}

function recordFor({ name, labels, options }: VolumeRequest): VolumeRecord {
  return {
    schema: 1,
    name: name || randomBytes(32).toString('hex'),
    driver: 'local',
    createdAt: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    labels: name ? labels : { ...labels, [anonymousLabel]: '' },
    options,
  };
}

/** Made in staging and renamed in: there is no half of one under its name. */
async function make(volumes: VolumeStore, record: VolumeRecord): Promise<Volume> {
  const paths = volumes.paths.volume(record.name);
  const staging = join(volumes.paths.staging, `volume.${randomBytes(8).toString('hex')}`);
  mkdirSync(staging, { mode: 0o700 });
  // Every user of a container enters it; the folder above keeps the host's out.
  mkdirSync(join(staging, '_data'));
  chmodSync(join(staging, '_data'), 0o755);
  await writeRecord(join(staging, 'volume.json'), record);
  await rename(staging, paths.dir);
  const volume = new Volume(record, paths);
  volumes.add(volume);
  return volume;
}
