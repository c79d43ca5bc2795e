/** Wires the engine: the lock, the folders, the facts, images, the network; then finds what was left. */
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Logger } from 'pino';
import type { Engine } from '../container/engine.ts';
import { ContainerTable } from '../container/table.ts';
import { SystemError } from '../errors/errors.ts';
import { ensureInitLayer } from '../image/init-layer.ts';
import { Transfers } from '../image/pull/transfers.ts';
import { openRegistries } from '../image/registry/registries.ts';
import { ImageStore } from '../image/store.ts';
import { UnpackPool } from '../image/unpacker/pool.ts';
import { close } from '../kernel/files.ts';
import { sealedMemfd } from '../kernel/memfd.ts';
import { missingRequirements } from '../kernel/requirements.ts';
import { NameService } from '../network/names/service.ts';
import { Networks } from '../network/networks.ts';
import { PortTable } from '../network/ports/table.ts';
import { lockDataRoot } from '../store/lock.ts';
import { Paths } from '../store/paths.ts';
import { emptyFolder } from '../store/remove-tree.ts';
import { VolumeStore } from '../volume/store.ts';
import { EventFile } from './event-file.ts';
import { EventBus } from './events.ts';
import { gatherFacts } from './facts.ts';
import { HealthMonitor } from './health-monitor.ts';
import { recover } from './recover.ts';
import { Restarts } from './restarts.ts';

export interface OpenOptions {
  dataRoot: string;
  execRoot: string;
  bridge: string;
  bip: string | undefined;
  /** HOST, HOST:PORT or CIDR of registries that need no TLS. */
  insecureRegistries?: readonly string[];
  /** Mirrors of docker.io. */
  registryMirrors?: readonly string[];
  /** The shim's program. */
  shimPath: string;
  /** The program of the threads that unpack layers. */
  unpackWorkerPath: string;
  log: Logger;
}

export interface OpenEngine extends Engine {
  /**
   * Lets go of everything; containers run on.
   * @param network `remove` also takes the bridge and its rules away: for tests, and for a goodbye for good;
   *   `as-found` does so if there was no such bridge before: for a start that fails
   */
  close(network?: 'keep' | 'remove' | 'as-found'): Promise<void>;
}

/**
 * @throws SystemError listing what this host lacks, or naming who holds the data root
 */
export async function openEngine(options: OpenOptions): Promise<OpenEngine> {
  const missing = missingRequirements();
  if (missing.length)
    throw new SystemError(`this host cannot run containers:\n  ${missing.join('\n  ')}`);
  const paths = new Paths(options.dataRoot, options.execRoot);
  const unlock = await makeFolders(paths);
  const isNewBridge = !existsSync(join('/sys/class/net', options.bridge));
  const containers = new ContainerTable();
  const ports = new PortTable();
  const networks = await Networks.open({
    ...options,
    folder: paths.networks,
    published: () => ports.all(),
  });
  try {
    return await openOn({ networks, ports, containers }, isNewBridge, unlock, paths, options);
  } catch (error) {
    if (isNewBridge) await networks.closeAndRemove();
    throw error;
  }
}

async function openOn(
  { networks, ports, containers }: Pick<Engine, 'networks' | 'ports' | 'containers'>,
  isNewBridge: boolean,
  unlock: () => void,
  paths: Paths,
  options: OpenOptions,
): Promise<OpenEngine> {
  const { insecureRegistries = [], registryMirrors = [] } = options;
  const unpackers = new UnpackPool(options.unpackWorkerPath);
  const images = await ImageStore.open(paths, options.log, { unpacker: unpackers });
  const registries = openRegistries({ insecureRegistries, mirrors: registryMirrors });
  const restarts = new Restarts();
  const health = new HealthMonitor();
  const eventFile = await EventFile.open(paths.events, options.log);
  const engine: OpenEngine = {
    paths,
    facts: gatherFacts(),
    images,
    registries,
    transfers: new Transfers(images),
    containers,
    volumes: await VolumeStore.open(paths, options.log),
    networks,
    ports,
    names: new NameService(options.log),
    events: new EventBus(eventFile),
    shimFd: sealedMemfd('petri-shim', await readFile(options.shimPath)),
    initFd: sealedMemfd(
      'petri-init',
      await readFile(join(dirname(options.shimPath), 'petri-init')),
    ),
    log: options.log,
    async close(networkToo = 'keep') {
      await restarts.close();
      await health.close();
      await registries.close();
      await unpackers.close();
      for (const { link, execs } of this.containers.all()) {
        link?.abandon();
        for (const exec of execs.values()) exec.link?.abandon();
      }
      ports.release(ports.all());
      this.names.close();
      const isRemoved = networkToo === 'as-found' ? isNewBridge : networkToo === 'remove';
      if (isRemoved) await networks.closeAndRemove();
      else networks.close();
      close(this.shimFd);
      close(this.initFd);
      eventFile.close();
      unlock();
    },
  };
  await ensureInitLayer(paths);
  await recover(engine);
  health.begin(engine);
  restarts.begin(engine);
  return engine;
}

/** Nobody but root walks into the data root: layers hold setuid programs and other people's files. */
async function makeFolders(paths: Paths): Promise<() => void> {
  await mkdir(paths.data, { recursive: true, mode: 0o710 });
  const unlock = await lockDataRoot(paths.lock);
  const { containers, volumes, images, layers, staging, trash } = paths;
  for (const dir of [containers, volumes, images, layers, staging, trash])
    await mkdir(dir, { recursive: true, mode: 0o700 });
  await mkdir(join(paths.run, 'containers'), { recursive: true, mode: 0o700 });
  // Whoever may open the socket must get to it, and sees nothing else of the folder.
  await chmod(paths.run, 0o711);
  await emptyFolder(paths.staging);
  await emptyFolder(paths.trash);
  return unlock;
}
