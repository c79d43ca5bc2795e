/** Writes /etc/hostname, /etc/hosts and /etc/resolv.conf of a container, to be bound over the image's. */
import { readFile, writeFile } from 'node:fs/promises';
import { hostsFile } from '../network/hosts.ts';
import { resolvConf } from '../network/resolv.ts';
import type { Engine } from './engine.ts';
import type { Endpoint } from './record.ts';
import type { Container } from './table.ts';

const HOST_RESOLV_CONF = '/etc/resolv.conf';

export async function writeEngineFiles(
  engine: Engine,
  { record, paths }: Container,
  endpoints: Record<string, Endpoint>,
): Promise<void> {
  const { config, hostConfig } = record;
  const host = hostConfig.NetworkMode === 'host';
  const hosts = host
    ? await readFile('/etc/hosts', 'utf8').catch(() => '')
    : hostsFile({
        addresses: Object.values(endpoints).map(({ ipAddress }) => ipAddress),
        hostname: config.Hostname,
        domainname: config.Domainname,
        extraHosts: hostConfig.ExtraHosts ?? [],
        gateway: engine.network.gateway,
      });
  const resolv = resolvConf(await readFile(HOST_RESOLV_CONF, 'utf8').catch(() => ''), {
    dns: hostConfig.Dns ?? [],
    search: hostConfig.DnsSearch ?? [],
    options: hostConfig.DnsOptions ?? [],
    keepLoopback: host,
  });
  // Read by every user of the container.
  const mode = 0o644;
  await writeFile(paths.hosts, hosts, { mode });
  await writeFile(paths.hostname, `${config.Hostname}\n`, { mode });
  await writeFile(paths.resolvConf, resolv, { mode });
}
