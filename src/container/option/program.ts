/** What the container's program is told and reached by: names, ports, its signal to stop, its health check. Pure. */
import { InvalidError } from '../../errors/errors.ts';
import { parseSignal } from '../../kernel/signals.ts';
import { hostsFile } from '../../network/hosts.ts';
import { resolvConf } from '../../network/resolv.ts';
import type { ContainerConfig, HostConfig } from '../config.ts';

/** __NEW_UTS_LEN, sethostname(2) */
const HOSTNAME_BYTES = 64;
const PORT_MAX = 65_535;
const HEALTH_KINDS = ['NONE', 'CMD', 'CMD-SHELL'];

/** @throws InvalidError naming the field or, where docker has them, with its words */
export function assertProgram(config: ContainerConfig, host: HostConfig): void {
  if (config.StopSignal) parseSignal(config.StopSignal);
  assertHealthKind(config.Healthcheck?.Test?.[0]);
  assertNames(config, host);
  for (const port of Object.keys(config.ExposedPorts ?? {})) assertPort(port);
}

/** Docker takes any word and then never checks. */
function assertHealthKind(kind: string | undefined): void {
  if (kind !== undefined && kind !== '' && !HEALTH_KINDS.includes(kind))
    throw new InvalidError(`Unknown healthcheck type '${kind}' (expected 'CMD')`);
}

/** The start writes them into /etc/hosts and /etc/resolv.conf: what cannot stand there is refused at once. */
function assertNames({ Hostname, Domainname }: ContainerConfig, host: HostConfig): void {
  for (const [what, name] of Object.entries({ hostname: Hostname, domainname: Domainname }))
    if (Buffer.byteLength(name) > HOSTNAME_BYTES)
      throw new InvalidError(
        `invalid ${what} ${JSON.stringify(name.slice(0, 100))}: the kernel takes at most ${HOSTNAME_BYTES} bytes`,
      );
  hostsFile({
    addresses: ['127.0.0.1'],
    hostname: Hostname || 'host',
    domainname: Domainname,
    extraHosts: host.ExtraHosts ?? [],
    gateway: '127.0.0.1',
  });
  const { Dns, DnsSearch, DnsOptions } = host;
  const named = { dns: Dns ?? [], search: DnsSearch ?? [], options: DnsOptions ?? [] };
  resolvConf('', { ...named, keepLoopback: true });
}

/** `80`, `80/tcp`, `8000-8010/udp` */
function assertPort(text: string): void {
  const [, first, last = first] =
    /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(?:tcp|udp|sctp))?$/i.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (!(from >= 1 && from <= to && to <= PORT_MAX))
    throw new InvalidError(
      `invalid port specification: ${JSON.stringify(text)}: want 1 to ${PORT_MAX}, and tcp, udp or sctp`,
    );
}
