/** What a start needs before its plan can be computed: an address, the engine's files, who it runs as. */
import { statSync } from 'node:fs';
import type { Image } from '../image/image.ts';
import type { PublishedPort } from '../network/ports/published.ts';
import type { Step } from '../step/step.ts';
import type { HostConfig } from './config.ts';
import type { Engine } from './engine.ts';
import { etcOf, writeEngineFiles } from './engine-files.ts';
import { lookUpGroups } from './look-up-groups.ts';
import { assertPropagation, lookUpSources, lookUpVolumes } from './look-up-mounts.ts';
import { lookUpBlockDevices, lookUpDevices, lookUpJoined } from './look-ups.ts';
import { type Endpoints, giveBack, networkSteps, takeEndpoints } from './network/endpoints.ts';
import { type Linked, linkEnvironment, linkedTo } from './network/links.ts';
import { claimPorts, givePortsBack, portSteps } from './network/ports.ts';
import { mountsOf } from './option/mount-points.ts';
import { capabilitiesOf } from './plan/identity.ts';
import { planContainer } from './plan/plan.ts';
import { protectedPaths } from './plan/protect.ts';
import { readIdentity } from './read-identity.ts';
import type { ContainerRecord } from './record.ts';
import { seccompFilter } from './seccomp.ts';
import type { Container } from './table.ts';

export interface Prepared {
  steps: readonly Step[];
  /** By network name. */
  endpoints: Endpoints;
  published: PublishedPort[];
}

/**
 * Takes addresses and ports and computes the plan. On failure they are given back.
 * @throws InvalidError for an unknown user, NotFoundError when the image is gone
 */
export function prepare(engine: Engine, container: Container): Prepared {
  const image = engine.images.find(container.record.imageId);
  assertPropagation(mountsOf(container.record));
  const endpoints = takeEndpoints(engine, container.record);
  let published: PublishedPort[] = [];
  try {
    published = claimPorts(engine, container.record, endpoints);
    const linked = linkedTo(engine, container.record);
    writeEngineFiles(engine, container, endpoints, linked);
    const steps = plan(engine, container, image, { endpoints, published, linked });
    return { steps, endpoints, published };
  } catch (error) {
    givePortsBack(engine, published);
    giveBack(engine, endpoints);
    throw error;
  }
}

function plan(
  engine: Engine,
  container: Container,
  image: Image,
  { endpoints, published, linked }: Omit<Prepared, 'steps'> & { linked: readonly Linked[] },
): Step[] {
  const { paths } = container;
  const record = withLinks(container.record, linked);
  const lowerDirs = [engine.paths.initLayer, ...image.layerDirs];
  return planContainer({
    record,
    paths,
    facts: engine.facts,
    seccomp: seccompFilter(
      record.hostConfig,
      capabilitiesOf(record.hostConfig, engine.facts.capabilities),
    ),
    identity: readIdentity(record, [paths.upper, ...lowerDirs]),
    lowerDirs,
    network: [
      ...networkSteps(engine, record, endpoints),
      ...portSteps(engine, record, endpoints, published),
    ],
    netns: record.hostConfig.NetworkMode === 'host' ? 'host' : 'own',
    kernelPaths: kernelPaths(record.hostConfig),
    ...lookUpSources(mountsOf(record)),
    volumeSources: lookUpVolumes(engine, mountsOf(record)),
    parentGroups: lookUpGroups(record.hostConfig, engine.facts),
    blockDevices: lookUpBlockDevices(record.hostConfig),
    devices: lookUpDevices(record.hostConfig),
    joined: lookUpJoined(engine, record.hostConfig),
    etc: etcOf(engine, container),
  });
}

/** Where a variable is set twice, the container's own is the one that counts. */
function withLinks(record: ContainerRecord, linked: readonly Linked[]): ContainerRecord {
  if (linked.length === 0) return record;
  const Env = [...linkEnvironment(linked, record), ...record.config.Env];
  return { ...record, config: { ...record.config, Env } };
}

/** Which of the paths to mask or protect this kernel has, and what they are. */
function kernelPaths(hostConfig: HostConfig): Map<string, 'file' | 'directory'> {
  const found = new Map<string, 'file' | 'directory'>();
  const { masked, readOnly } = protectedPaths(hostConfig);
  for (const path of [...masked, ...readOnly]) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat) found.set(path, stat.isDirectory() ? 'directory' : 'file');
  }
  return found;
}
