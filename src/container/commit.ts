/** `POST /commit`: an image of a container's root as it is now. */
import { closeSync } from 'node:fs';
import { ConflictError } from '../errors/errors.ts';
import { applyChanges } from '../image/changes.ts';
import { commitImage } from '../image/commit.ts';
import type { ImageConfig } from '../image/image.ts';
import { packLayer } from '../image/pack-layer.ts';
import { open } from '../kernel/files.ts';
import type { ContainerConfig } from './config.ts';
import { mergeConfig } from './create.ts';
import type { Engine } from './engine.ts';
import { emit } from './events.ts';
import { pause, unpause } from './pause.ts';
import type { Container } from './table.ts';

export interface CommitOptions {
  repo?: string | undefined;
  tag?: string | undefined;
  author: string;
  comment: string;
  /** Dockerfile instructions, applied to the container's configuration. */
  changes: readonly string[];
  /** Goes before the container's own where it says something. */
  config?: ContainerConfig | undefined;
  /** Freeze the container meanwhile, so that no file is half-written. */
  pause: boolean;
}

/**
 * @returns the image's id
 * @throws InvalidError for a bad reference or change, ConflictError when the container is being removed
 */
export async function commit(
  engine: Engine,
  container: Container,
  options: CommitOptions,
): Promise<string> {
  const { record } = container;
  if (record.state.status === 'removing' || record.state.status === 'dead')
    throw new ConflictError(
      `You cannot commit container ${container.id} which is ${record.state.status}`,
    );
  const base = options.config ? mergeConfig(options.config, record.config) : record.config;
  const config = applyChanges(imageConfig(base), options.changes);
  const thaw = options.pause ? await pauseIfRunning(engine, container) : undefined;
  try {
    const image = await makeImage(engine, container, config, options);
    const imageRef = image.tags[0] ?? '';
    emit(engine, container, 'commit', { comment: options.comment, imageID: image.id, imageRef });
    return image.id;
  } finally {
    await thaw?.();
  }
}

async function makeImage(
  engine: Engine,
  container: Container,
  config: ImageConfig,
  { repo, tag, author, comment }: CommitOptions,
) {
  const { images } = engine;
  const upper = open(container.paths.upper, ['O_PATH', 'O_DIRECTORY', 'O_CLOEXEC']);
  try {
    const createdBy = (container.record.config.Cmd ?? []).join(' ');
    return await commitImage(
      images,
      images.find(container.record.imageId),
      packLayer(upper),
      { repo, tag, author, comment, createdBy, config },
      () => assertThere(engine, container),
    );
  } finally {
    closeSync(upper);
  }
}

/** A container that is removed takes its files along: what was read of them may be a part. */
function assertThere(engine: Engine, container: Container): void {
  if (engine.containers.get(container.id) !== container)
    throw new ConflictError(`container ${container.id} was removed while it was committed`);
}

/** @returns lets it go on; undefined when it does not run, or is paused already */
async function pauseIfRunning(
  engine: Engine,
  container: Container,
): Promise<(() => Promise<void>) | undefined> {
  if (container.record.state.status !== 'running') return undefined;
  try {
    await pause(engine, container);
  } catch (error) {
    // It has ended, or somebody else has paused it, meanwhile.
    if (error instanceof ConflictError) return undefined;
    throw error;
  }
  return async () => {
    if (container.record.state.status === 'paused') await unpause(engine, container);
  };
}

/** What of a container's configuration an image has. */
function imageConfig(config: ContainerConfig): ImageConfig {
  const { User, ExposedPorts, Env, Entrypoint, Cmd, Volumes, WorkingDir, Labels } = config;
  const { OnBuild, StopSignal, Healthcheck, Shell } = config;
  return {
    User,
    ...(ExposedPorts && { ExposedPorts }),
    Env,
    Entrypoint,
    Cmd,
    ...(Volumes && { Volumes }),
    WorkingDir,
    Labels,
    ...(OnBuild && { OnBuild }),
    ...(StopSignal && { StopSignal }),
    ...(Healthcheck && { Healthcheck }),
    ...(Shell && { Shell }),
  };
}
