/**
 * Keeps /etc/hosts of a running container true while networks come and go. The file is bound into it, so it
 * is written in place, and lines that others wrote stay.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { ownNames } from '../../network/hosts.ts';
import type { Container } from '../table.ts';
import type { Endpoints } from './endpoints.ts';

/** @param endpoints what it has now, in place of what its record says */
export function updateHosts({ record, paths }: Container, endpoints: Endpoints): void {
  const { Hostname, Domainname } = record.config;
  const names = ownNames(Hostname, Domainname);
  const lines = (of: Endpoints) => addressesOf(of).map((address) => `${address}\t${names}`);
  const before = new Set(lines(record.endpoints));
  const kept = readFileSync(paths.hosts, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !before.has(line));
  writeFileSync(paths.hosts, `${[...kept, ...lines(endpoints)].join('\n')}\n`);
}

export function addressesOf(endpoints: Endpoints): string[] {
  return Object.values(endpoints).flatMap(({ ipAddress, ipv6Address }) =>
    ipv6Address === undefined ? [ipAddress] : [ipAddress, ipv6Address],
  );
}
