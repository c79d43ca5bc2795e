/**
 * Names of containers on networks of users: in the tables while their endpoints exist, and a name service in each
 * container to ask. docs/names.md.
 */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import type { EndpointSettings } from '../../network/endpoint.ts';
import type { SeenNetwork } from '../../network/names/answer.ts';
import { randomNamePort, reopenNameSockets } from '../../network/names/reopen.ts';
import type { NameSockets } from '../../network/names/server.ts';
import { NAME_SERVER, nameServiceSteps } from '../../network/names/steps.ts';
import { readHostResolvConf, resolvConf, serversElsewhere } from '../../network/resolv.ts';
import type { StepDraft } from '../../step/step.ts';
import type { HostConfig } from '../config.ts';
import type { Engine } from '../engine.ts';
import { parseLink } from '../option/links.ts';
import type { ContainerRecord } from '../record.ts';
import { isAlive } from '../state.ts';
import type { Container } from '../table.ts';
import { networksOf } from './asked.ts';
import type { Endpoints } from './endpoints.ts';

/** A container has a name service when others know it by name, somewhere. */
export function hasNames(endpoints: Endpoints): boolean {
  return Object.values(endpoints).some(({ dnsNames }) => dnsNames.length > 0);
}

/** What others on a network know it by, as docker's `DNSNames` lists them. */
export function dnsNamesOf({ name, id, config }: ContainerRecord, settings: EndpointSettings) {
  const names = [name, ...settings.aliases, id.slice(0, 12), config.Hostname];
  return [...new Set(names.filter((one) => one !== ''))];
}

export function nameSteps(endpoints: Endpoints): StepDraft[] {
  return hasNames(endpoints) ? nameServiceSteps(randomNamePort()) : [];
}

/**
 * Begins to answer what the container asks.
 * @param starting its endpoints until its record says that it runs
 * @param sockets are closed by `engine.names.stop`
 */
export function serveNames(
  engine: Engine,
  container: Container,
  sockets: NameSockets,
  starting: Endpoints = {},
): void {
  const networks = () => {
    const { state, endpoints } = container.record;
    return seenBy(engine, container.record, isAlive(state) ? endpoints : starting);
  };
  const servers = () => serversElsewhere(container.record.hostConfig.Dns ?? []);
  engine.names.serve({ id: container.id, networks, servers }, sockets);
}

/** For a container that runs on from an earlier engine. It runs without names if it does not let us in. */
export function resumeNames(engine: Engine, container: Container): void {
  const { state, endpoints } = container.record;
  if (!isAlive(state) || !hasNames(endpoints)) return;
  try {
    const sockets = reopenNameSockets(state);
    if (sockets) serveNames(engine, container, sockets);
  } catch (error) {
    engine.log.warn({ err: error, id: container.id }, 'a container is without its name service');
  }
}

/** The record as it is under another name: what others know it by on its networks. */
export function renamed(record: ContainerRecord, name: string): ContainerRecord {
  const asked = networksOf(record);
  const endpoints = Object.entries(record.endpoints).map(([network, endpoint]) => {
    const settings = asked[network];
    const hasNoNames = endpoint.dnsNames.length === 0 || !settings;
    const dnsNames = hasNoNames ? endpoint.dnsNames : dnsNamesOf({ ...record, name }, settings);
    return [network, { ...endpoint, dnsNames }];
  });
  return { ...record, name, endpoints: Object.fromEntries(endpoints) };
}

export function resolvText(hostConfig: HostConfig, endpoints: Endpoints): string {
  return resolvConf(readHostResolvConf(), {
    dns: hostConfig.Dns ?? [],
    search: hostConfig.DnsSearch ?? [],
    options: hostConfig.DnsOptions ?? [],
    keepLoopback: hostConfig.NetworkMode === 'host',
    nameService: hasNames(endpoints) ? NAME_SERVER : undefined,
  });
}

/**
 * Leads a running container to its name service when that has come to be after the start; a file that somebody
 * wrote to is theirs. It is bound into the container, so it is written in place.
 */
export function updateResolvConf({ record, paths }: Container, endpoints: Endpoints): void {
  const { hostConfig } = record;
  const asWritten = resolvText(hostConfig, record.endpoints);
  if (readFileSync(paths.resolvConf, 'utf8') !== asWritten) return;
  writeFileSync(paths.resolvConf, resolvText(hostConfig, endpoints));
  chmodSync(paths.resolvConf, 0o644);
}

function seenBy(engine: Engine, record: ContainerRecord, endpoints: Endpoints): SeenNetwork[] {
  const asked = networksOf(record);
  return Object.keys(endpoints).flatMap((name) => {
    const network = engine.networks.byName(name);
    const links = linkedNames(asked[name]?.links ?? []);
    return network ? [{ id: network.id, name, internal: network.record.internal, links }] : [];
  });
}

/** On a network of a user a link is one more name, for this container alone. */
function linkedNames(links: readonly string[]): Map<string, string> {
  return new Map(links.map(parseLink).map(({ ref, alias }) => [alias.toLowerCase(), ref]));
}
