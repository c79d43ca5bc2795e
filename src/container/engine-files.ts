/** Writes /etc/hostname, /etc/hosts and /etc/resolv.conf of a container, to be bound over the image's. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { hostsFile } from '../network/hosts.ts';
import type { ContainerPaths } from '../store/paths.ts';
import type { Engine } from './engine.ts';
import type { Endpoints } from './network/endpoints.ts';
import { addressesOf } from './network/hosts.ts';
import { type Linked, linkHosts } from './network/links.ts';
import { resolvText } from './network/names.ts';
import { joinedContainer } from './option/modes.ts';
import type { Container } from './table.ts';

/** With another container's network its files count: name, hosts and name servers belong to a network. */
export function etcOf(engine: Engine, { record, paths }: Container): ContainerPaths {
  const other = joinedContainer(record.hostConfig.NetworkMode);
  return other === undefined ? paths : engine.containers.find(other).paths;
}

export function writeEngineFiles(
  engine: Engine,
  { record, paths }: Container,
  endpoints: Endpoints,
  linked: readonly Linked[],
): void {
  const { config, hostConfig } = record;
  const host = hostConfig.NetworkMode === 'host';
  const hosts = host
    ? readIfThere('/etc/hosts')
    : hostsFile({
        addresses: addressesOf(endpoints),
        hostname: config.Hostname,
        domainname: config.Domainname,
        extraHosts: hostConfig.ExtraHosts ?? [],
        links: linkHosts(linked),
        gateway: engine.networks.defaultBridge.gateway,
      });
  writeForAll(paths.hosts, hosts);
  writeForAll(paths.hostname, `${config.Hostname}\n`);
  writeForAll(paths.resolvConf, resolvText(hostConfig, endpoints));
}

/** Every user of the container reads them, whatever the engine's umask. */
function writeForAll(path: string, text: string): void {
  writeFileSync(path, text);
  chmodSync(path, 0o644);
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
