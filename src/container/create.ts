/** `POST /containers/create`: a record and its folders, made in staging and renamed in. */
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { InvalidError } from '../errors/errors.ts';
import type { Image } from '../image/image.ts';
import { now } from '../store/clock.ts';
import { writeRecord } from '../store/record.ts';
import { checkOptions } from './check-options.ts';
import type { ContainerConfig, CreateRequest, HostConfig } from './config.ts';
import type { Engine } from './engine.ts';
import { mergeEnvironment } from './environment.ts';
import { emit } from './events.ts';
import { mergeHealthcheck } from './health.ts';
import { randomName } from './names.ts';
import { askedNetworks } from './network/asked.ts';
import { keepSupported } from './option/kernel-support.ts';
import { joinedContainer } from './option/modes.ts';
import type { ContainerRecord } from './record.ts';
import { Container } from './table.ts';
import { takeMounts } from './take-mounts.ts';

/**
 * Makes a container in state `created`. Nothing exists of it if this throws.
 * @throws InvalidError (400), NotFoundError (no such image), ConflictError (name in use)
 */
export async function create(
  engine: Engine,
  request: CreateRequest,
): Promise<{ id: string; warnings: string[] }> {
  const image = engine.images.find(request.config.Image);
  const releaseImage = engine.images.hold(image.id);
  try {
    return await createFrom(engine, request, image);
  } finally {
    releaseImage();
  }
}

async function createFrom(
  engine: Engine,
  request: CreateRequest,
  image: Image,
): Promise<{ id: string; warnings: string[] }> {
  assertWorkingDir(request.config);
  const config = mergeConfig(request.config, image.config);
  const asked = checkOptions(
    engine,
    { ...request.config, Volumes: config.Volumes },
    request.hostConfig,
  );
  const { host: hostConfig, warnings } = keepSupported(asked, engine.facts);
  const id = randomBytes(32).toString('hex');
  const name = engine.containers.claim(request.name ?? randomName(engine.containers), id);
  try {
    const named = { ...config, ...namesOfDonor(engine, hostConfig) };
    const networks = askedNetworks(engine, named, hostConfig, request.networks ?? {});
    const record = { ...newRecord(id, name, image, named, hostConfig), networks };
    await addNew(engine, record, image);
  } finally {
    engine.containers.unclaim(name);
  }
  return { id, warnings: [...warnings, ...portWarnings(hostConfig)] };
}

/** From here on its record keeps its volumes. */
async function addNew(engine: Engine, record: ContainerRecord, image: Image): Promise<void> {
  const layers = [engine.paths.initLayer, ...image.layerDirs];
  const taken = await takeMounts(engine, record.config, record.hostConfig, layers);
  try {
    const withMounts = { ...record, mounts: taken.mounts };
    const container = new Container(withMounts, engine.paths.container(record.id));
    await store(engine, container, image);
    engine.containers.add(container);
    taken.release();
    emit(engine, container, 'create');
  } catch (error) {
    await taken.undo();
    throw error;
  }
}

/** dockerd's words. A relative one would mean another folder to each who reads it. */
function assertWorkingDir({ WorkingDir }: ContainerConfig): void {
  if (WorkingDir && !WorkingDir.startsWith('/'))
    throw new InvalidError(
      `the working directory '${WorkingDir}' is invalid, it needs to be an absolute path`,
    );
}

/** Who shares another container's network has its name in it. */
function namesOfDonor(
  engine: Engine,
  { NetworkMode }: HostConfig,
): Partial<Pick<ContainerConfig, 'Hostname' | 'Domainname'>> {
  const donor = joinedContainer(NetworkMode);
  if (donor === undefined) return {};
  const { Hostname, Domainname } = engine.containers.find(donor).record.config;
  return { Hostname, Domainname };
}

function newRecord(
  id: string,
  name: string,
  image: Image,
  config: ContainerConfig,
  hostConfig: HostConfig,
): ContainerRecord {
  const [path, ...args] = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  if (path === undefined) throw new InvalidError('no command specified');
  const own = hostConfig.UTSMode === 'host' || hostConfig.NetworkMode === 'host';
  return {
    schema: 1,
    id,
    name,
    createdAt: now(),
    imageId: image.id,
    config: { ...config, Hostname: config.Hostname || (own ? hostname() : id.slice(0, 12)) },
    hostConfig,
    path,
    args,
    state: { status: 'created', exitCode: 0, error: '' },
    restartCount: 0,
    endpoints: {},
  };
}

/** Docker's rule: an entrypoint of one's own drops the image's command; environment is joined by name. */
export function mergeConfig(own: ContainerConfig, image: Image['config']): ContainerConfig {
  const entrypoint = own.Entrypoint ?? image.Entrypoint ?? null;
  const command = own.Cmd ?? (own.Entrypoint === null ? (image.Cmd ?? null) : null);
  const healthcheck = mergeHealthcheck(own.Healthcheck, image.Healthcheck);
  return {
    ...own,
    Entrypoint: entrypoint?.[0] === '' && entrypoint.length === 1 ? null : entrypoint,
    Cmd: command,
    Env: mergeEnvironment(image.Env ?? [], own.Env),
    User: own.User || image.User || '',
    WorkingDir: own.WorkingDir || image.WorkingDir || '',
    Labels: inOrder({ ...image.Labels, ...own.Labels }),
    ExposedPorts: orNull({ ...image.ExposedPorts, ...own.ExposedPorts }),
    Volumes: orNull({ ...image.Volumes, ...own.Volumes }),
    ...(healthcheck ? { Healthcheck: healthcheck } : {}),
    ...(own.StopSignal || image.StopSignal
      ? { StopSignal: own.StopSignal || (image.StopSignal as string) }
      : {}),
  };
}

/** As Go writes a map: by its keys. */
function inOrder(labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Docker reads an empty set back as none. */
function orNull(set: Record<string, object>): Record<string, object> | null {
  return Object.keys(set).length > 0 ? set : null;
}

async function store(engine: Engine, container: Container, image: Image): Promise<void> {
  const staging = join(engine.paths.staging, container.id);
  mkdirSync(staging, { mode: 0o700 });
  for (const folder of ['upper', 'work', 'rootfs']) mkdirSync(join(staging, folder));
  likeRootOf(image, join(staging, 'upper'));
  await writeRecord(join(staging, 'container.json'), container.record);
  await rename(staging, container.paths.dir);
}

/** Overlay shows the upper folder's mode and owner as those of `/`: they are to be the image's. */
function likeRootOf({ layerDirs: [top] }: Image, upper: string): void {
  const { mode, uid, gid } = top ? statSync(top) : { mode: 0o755, uid: 0, gid: 0 };
  chownSync(upper, uid, gid);
  chmodSync(upper, mode & 0o7777);
}

/** dockerd's words: the host's network has no ports of its own. */
function portWarnings({ NetworkMode, PortBindings }: HostConfig): string[] {
  const isDiscarded = NetworkMode === 'host' && Object.keys(PortBindings ?? {}).length > 0;
  return isDiscarded ? ['Published ports are discarded when using host network mode'] : [];
}
