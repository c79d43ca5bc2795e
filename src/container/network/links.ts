/**
 * `--link` on the default network, whose containers have no names: lines in /etc/hosts, and variables that tell
 * of the linked container's ports and environment. https://docs.docker.com/engine/network/links/
 */
import { ConflictError, InvalidError, NotFoundError } from '../../errors/errors.ts';
import type { Engine } from '../engine.ts';
import { parseLink } from '../option/links.ts';
import type { ContainerRecord } from '../record.ts';
import { isAlive } from '../state.ts';
import type { Container } from '../table.ts';
import { networksOf } from './asked.ts';

export interface Linked {
  alias: string;
  target: Container;
  /** On the default network. */
  ipAddress: string;
}

/** @throws InvalidError (400) for a link that is none, or to a container that is not there */
export function assertLinks(engine: Engine, links: readonly string[] | null): void {
  for (const { ref } of (links ?? []).map(parseLink)) {
    try {
      engine.containers.find(ref);
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      throw new InvalidError(`could not get container for ${ref}: ${error.message}`);
    }
  }
}

/** @throws ConflictError with docker's words when a linked container does not run */
export function linkedTo(engine: Engine, record: ContainerRecord): Linked[] {
  const { links = [] } = networksOf(record).bridge ?? {};
  return links.map(parseLink).map(({ ref, alias }) => {
    const target = engine.containers.find(ref);
    const ipAddress = target.record.endpoints.bridge?.ipAddress;
    if (!isAlive(target.record.state) || ipAddress === undefined)
      throw new ConflictError(
        `Cannot link to a non running container: /${target.name} AS /${record.name}/${alias}`,
      );
    return { alias, target, ipAddress };
  });
}

/** `172.17.0.2 database 1a2b3c4d5e6f db` */
export function linkHosts(linked: readonly Linked[]): string[] {
  return linked.map(({ alias, target, ipAddress }) => {
    const names = [alias, target.record.config.Hostname, target.name];
    return `${ipAddress}\t${[...new Set(names)].join(' ')}`;
  });
}

/** Of each link its name, its ports, and what its image and user set. */
export function linkEnvironment(linked: readonly Linked[], { name }: ContainerRecord): string[] {
  return linked.flatMap(({ alias, target, ipAddress }) => {
    const prefix = alias.toUpperCase().replaceAll('-', '_');
    const { ExposedPorts, Env } = target.record.config;
    const ports = Object.keys(ExposedPorts ?? {}).sort(byNumber);
    const [first] = ports;
    return [
      ...(first ? [`${prefix}_PORT=${urlOf(first, ipAddress)}`] : []),
      ...ports.flatMap((port) => portVariables(prefix, port, ipAddress)),
      `${prefix}_NAME=/${name}/${alias}`,
      ...Env.filter((entry) => !/^(HOME|PATH)=/.test(entry)).map(
        (entry) => `${prefix}_ENV_${entry}`,
      ),
    ];
  });
}

function portVariables(prefix: string, port: string, ipAddress: string): string[] {
  const [number, protocol = 'tcp'] = port.split('/');
  const stem = `${prefix}_PORT_${number}_${protocol.toUpperCase()}`;
  return [
    `${stem}=${urlOf(port, ipAddress)}`,
    `${stem}_ADDR=${ipAddress}`,
    `${stem}_PORT=${number}`,
    `${stem}_PROTO=${protocol}`,
  ];
}

function urlOf(port: string, ipAddress: string): string {
  const [number, protocol = 'tcp'] = port.split('/');
  return `${protocol}://${ipAddress}:${number}`;
}

function byNumber(a: string, b: string): number {
  return Number.parseInt(a, 10) - Number.parseInt(b, 10);
}
