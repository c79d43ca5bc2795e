/**
 * What `-p`, `-P` and `--expose` ask for, as the API has it: HostConfig.PortBindings, PublishAllPorts and
 * Config.ExposedPorts of POST /containers/create. Pure.
 */
import { isIP, SocketAddress } from 'node:net';
import { InvalidError } from '../../errors/errors.ts';
import type { PortProtocol } from './published.ts';

export interface PortRequest {
  protocol: PortProtocol;
  containerPort: number;
  /** Addresses of the host in their shortest form; the port is the same on all of them. */
  hostIps: readonly string[];
  /** First and last of which one is taken; undefined: one that the host's range of ephemeral ports has free. */
  hostPorts: readonly [first: number, last: number] | undefined;
}

export interface PortOptions {
  PortBindings: Readonly<
    Record<string, readonly { HostIp?: string; HostPort?: string }[] | null>
  > | null;
  PublishAllPorts: boolean;
}

const PROTOCOLS = ['tcp', 'udp', 'sctp'];
/** What an empty HostIp means. */
const EVERYWHERE = ['0.0.0.0', '::'];

/**
 * @param exposed Config.ExposedPorts, those of the image included
 * @param hostBinding what an empty HostIp means, com.docker.network.bridge.host_binding_ipv4
 * @throws InvalidError in docker's words
 */
export function requestedPorts(
  { PortBindings, PublishAllPorts }: PortOptions,
  exposed: Readonly<Record<string, object>> | null,
  hostBinding = '0.0.0.0',
): PortRequest[] {
  const unsaid = hostBinding === '0.0.0.0' ? EVERYWHERE : hostIps(hostBinding);
  const bound = Object.entries(PortBindings ?? {}).map(([key, bindings]) => ({
    port: parsePort(key),
    bindings: bindings ?? [],
  }));
  const requests = bound.flatMap(({ port, bindings }) =>
    bindings.map(({ HostIp = '', HostPort = '' }) => ({
      ...port,
      hostIps: HostIp === '' ? unsaid : hostIps(HostIp),
      hostPorts: parseRange(HostPort),
    })),
  );
  assertDistinct(requests);
  if (!PublishAllPorts) return requests;
  const open = [
    ...Object.keys(exposed ?? {}).flatMap(parseExposed),
    ...bound.map(({ port }) => port),
  ];
  const isRequested = new Set(requests.map(portName));
  const others = new Map(open.map((port) => [portName(port), port]));
  return [
    ...requests,
    ...[...others]
      .filter(([name]) => !isRequested.has(name))
      .map(([, port]) => ({ ...port, hostIps: unsaid, hostPorts: undefined })),
  ];
}

/** `80/tcp` */
export function portName({ containerPort, protocol }: ContainerPort): string {
  return `${containerPort}/${protocol}`;
}

type ContainerPort = Pick<PortRequest, 'containerPort' | 'protocol'>;

/** `80`, `80/udp`. @throws InvalidError */
export function parsePort(text: string): ContainerPort {
  const [number = '', protocol = 'tcp', ...more] = text.split('/');
  const port = parseNumber(number);
  if (port === undefined || port === 0) throw invalidPort(number);
  if (!PROTOCOLS.includes(protocol) || more.length > 0)
    throw new InvalidError(`invalid proto in port specification ${JSON.stringify(text)}`);
  return { containerPort: port, protocol: protocol as PortProtocol };
}

/** `80/tcp`, and `8000-8010/udp` of an image's EXPOSE. @throws InvalidError */
export function parseExposed(text: string): ContainerPort[] {
  const [range = '', protocol = 'tcp'] = text.split('/');
  const [first, last] = parseRange(range) ?? [];
  if (!first || !last) throw invalidPort(range);
  return Array.from({ length: last - first + 1 }, (_, i) => parsePort(`${first + i}/${protocol}`));
}

/** `8080`, `8000-8010`; empty and `0` are any. */
function parseRange(text: string): [first: number, last: number] | undefined {
  if (text === '') return undefined;
  const [from = '', to = from, ...more] = text.split('-');
  const [first, last] = [parseNumber(from), parseNumber(to)];
  const isRange = first !== undefined && last !== undefined && first <= last;
  if (!isRange || more.length > 0 || (first === 0 && last > 0)) throw invalidPort(text);
  return first === 0 ? undefined : [first, last];
}

function parseNumber(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65535 ? Number(text) : undefined;
}

function invalidPort(text: string): InvalidError {
  return new InvalidError(`invalid port specification: ${JSON.stringify(text)}`);
}

function hostIps(text: string): readonly string[] {
  const version = isIP(text);
  if (version === 0 || text.includes('%'))
    throw new InvalidError(`invalid IP address: ${JSON.stringify(text)}`);
  if (version === 4) return [text];
  // In the form in which the kernel's tools print it: what is compared must be written alike.
  return [new SocketAddress({ family: 'ipv6', address: text }).address];
}

/** Of two that are certain to be in each other's way the second could never be published. */
function assertDistinct(requests: readonly PortRequest[]): void {
  const fixed = requests.flatMap(({ protocol, hostIps, hostPorts, ...port }) =>
    hostPorts && hostPorts[0] === hostPorts[1]
      ? hostIps.map((hostIp) => ({ ...port, protocol, hostIp, hostPort: hostPorts[0] }))
      : [],
  );
  fixed.forEach((one, i) => {
    if (fixed.slice(0, i).some((other) => overlap(one, other)))
      throw new InvalidError(
        `invalid port specification: ${hostAddress(one)}/${one.protocol} is asked for twice`,
      );
  });
}

interface HostPort {
  protocol: PortProtocol;
  hostIp: string;
  hostPort: number;
}

/** Both cannot be had at once. */
export function overlap(one: HostPort, other: HostPort): boolean {
  if (one.protocol !== other.protocol || one.hostPort !== other.hostPort) return false;
  if (one.hostIp.includes(':') !== other.hostIp.includes(':')) return false;
  return (
    [one.hostIp, other.hostIp].some((ip) => EVERYWHERE.includes(ip)) || one.hostIp === other.hostIp
  );
}

/** `0.0.0.0:8080`, `[::]:8080` */
export function hostAddress({ hostIp, hostPort }: Omit<HostPort, 'protocol'>): string {
  return hostIp.includes(':') ? `[${hostIp}]:${hostPort}` : `${hostIp}:${hostPort}`;
}
