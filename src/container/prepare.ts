/** What a start needs before its plan can be computed: an address, the engine's files, who it runs as. */
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Image } from '../image/image.ts';
import { endpointSteps, noneSteps } from '../network/endpoint-steps.ts';
import { macOfAddress } from '../network/pool.ts';
import type { Step, StepDraft } from '../step/step.ts';
import type { HostConfig } from './config.ts';
import type { Engine } from './engine.ts';
import { etcOf, writeEngineFiles } from './engine-files.ts';
import { lookUpGroups } from './look-up-groups.ts';
import {
  lookUpBlockDevices,
  lookUpDevices,
  lookUpJoined,
  lookUpSources,
  lookUpVolumes,
} from './look-ups.ts';
import { joinedContainer } from './option/modes.ts';
import { mountsOf } from './option/mount-points.ts';
import { capabilitiesOf } from './plan/identity.ts';
import { planContainer } from './plan/plan.ts';
import { protectedPaths } from './plan/protect.ts';
import { readIdentity } from './read-identity.ts';
import type { Endpoint } from './record.ts';
import { seccompFilter } from './seccomp.ts';
import type { Container } from './table.ts';

export interface Prepared {
  steps: readonly Step[];
  /** By network name. */
  endpoints: Record<string, Endpoint>;
}

/**
 * Takes an address and computes the plan. On failure the address is given back.
 * @throws InvalidError for an unknown user, NotFoundError when the image is gone
 */
export function prepare(engine: Engine, container: Container): Prepared {
  const image = engine.images.find(container.record.imageId);
  const endpoints = allocate(engine, container.record.hostConfig);
  try {
    writeEngineFiles(engine, container, endpoints);
    return { steps: plan(engine, container, image, endpoints), endpoints };
  } catch (error) {
    for (const { ipAddress } of Object.values(endpoints)) engine.network.pool.release(ipAddress);
    throw error;
  }
}

function plan(
  engine: Engine,
  container: Container,
  image: Image,
  endpoints: Record<string, Endpoint>,
): Step[] {
  const { record, paths } = container;
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
    network: networkSteps(engine, record.hostConfig, endpoints),
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

function onBridge({ NetworkMode }: HostConfig): boolean {
  return ['', 'default', 'bridge'].includes(NetworkMode);
}

function allocate({ network }: Engine, hostConfig: HostConfig): Record<string, Endpoint> {
  if (!onBridge(hostConfig)) return {};
  const ipAddress = network.pool.allocate();
  const endpoint: Endpoint = {
    networkId: network.id,
    endpointId: randomBytes(32).toString('hex'),
    ipAddress,
    prefixLength: network.prefixLength,
    gateway: network.gateway,
    macAddress: macOfAddress(ipAddress),
    hostInterface: `veth${randomBytes(4).toString('hex')}`,
  };
  return { [network.name]: endpoint };
}

function networkSteps(
  { network }: Engine,
  hostConfig: HostConfig,
  endpoints: Record<string, Endpoint>,
): StepDraft[] {
  if (hostConfig.NetworkMode === 'host') return [];
  if (joinedContainer(hostConfig.NetworkMode) !== undefined) return [];
  const endpoint = endpoints[network.name];
  return endpoint ? endpointSteps(network, endpoint) : noneSteps();
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
