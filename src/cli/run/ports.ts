/**
 * `-p [ip:][host port[-end]:]port[-end][/protocol]`, its long form, and `--expose`, as the API's port maps. The rules
 * and words are those of docker's command, which leaves to the engine whether a protocol exposed is one.
 */
import { isAddress, parsePortNumber } from './addresses.ts';

export interface PortBinding {
  HostIp: string;
  HostPort: string;
}

export interface PortMaps {
  exposed: Record<string, object>;
  bindings: Record<string, PortBinding[]>;
}

type Range = readonly [first: number, last: number];

/** @throws Error with docker's words */
export function parsePorts(publish: readonly string[], expose: readonly string[]): PortMaps {
  const maps: PortMaps = { exposed: {}, bindings: {} };
  for (const text of publish.map(shortForm)) addPublished(maps, text);
  for (const text of expose) addExposed(maps, text);
  return maps;
}

/** `target=80,published=8080,protocol=udp` → `8080:80/udp`; docker knows no other field, and lets them pass. */
function shortForm(text: string): string {
  if (!text.includes('=')) return text;
  const fields: Record<string, string> = { protocol: 'tcp' };
  for (const part of text.split(',')) {
    const at = part.indexOf('=');
    if (at < 1)
      throw new Error(`invalid publish opts format (should be name=value but got '${part}')`);
    fields[part.slice(0, at)] = part.slice(at + 1);
  }
  return `${fields.published ?? ''}:${fields.target ?? ''}/${fields.protocol}`;
}

function addPublished(maps: PortMaps, text: string): void {
  const parts = text.split(':');
  const [ports, protocol] = splitProtocol(parts.at(-1) ?? '');
  const ip = hostAddress(parts.slice(0, -2).join(':'));
  if (ports === '') throw new Error(`no port specified: ${text}<empty>`);
  const inside = rangeOr(ports, `invalid containerPort: ${ports}`);
  const host = parts.at(-2) ?? '';
  const outside = host === '' ? undefined : rangeOr(host, `invalid hostPort: ${host}`);
  if (outside && span(inside) > 1 && span(outside) !== span(inside))
    throw new Error(`invalid ranges specified for container and host Ports: ${ports} and ${host}`);
  if (!['tcp', 'udp', 'sctp'].includes(protocol.toLowerCase()))
    throw new Error(`invalid proto: ${protocol}`);
  for (let i = 0; i < span(inside); i++) {
    const key = `${inside[0] + i}/${protocol.toLowerCase()}`;
    const binding = { HostIp: ip, HostPort: hostPort(outside, i, span(inside)) };
    maps.exposed[key] = {};
    maps.bindings[key] = [...(maps.bindings[key] ?? []), binding];
  }
}

/** For a single port a range outside means any free one of it. */
function hostPort(outside: Range | undefined, index: number, count: number): string {
  if (!outside) return '';
  return count === 1 ? outside.filter(isFirst).join('-') : String(outside[0] + index);
}

function isFirst(port: number, index: number, all: readonly number[]): boolean {
  return all.indexOf(port) === index;
}

function addExposed(maps: PortMaps, text: string): void {
  if (text.includes(':')) throw new Error(`invalid port format for --expose: ${text}`);
  const [ports, protocol] = splitProtocol(text);
  const [first, last] = exposedRange(text, ports);
  for (let port = first; port <= last; port++) maps.exposed[`${port}/${protocol}`] ??= {};
}

function exposedRange(text: string, ports: string): Range {
  try {
    return range(ports);
  } catch (error) {
    throw new Error(
      `invalid range format for --expose: ${text}, error: ${(error as Error).message}`,
    );
  }
}

/** `80/udp`; without a port there is no protocol either. */
function splitProtocol(text: string): [ports: string, protocol: string] {
  const [ports = '', protocol] = text.split('/');
  return ports === '' ? ['', ''] : [ports, protocol || 'tcp'];
}

/** `[::1]` or without brackets. */
function hostAddress(text: string): string {
  const bare = text.startsWith('[') ? withoutBrackets(text) : text;
  if (bare !== '' && !isAddress(bare)) throw new Error(`invalid IP address: ${bare}`);
  return bare;
}

function withoutBrackets(text: string): string {
  const end = text.indexOf(']');
  if (end === text.length - 1) return text.slice(1, -1);
  const colons = text[end + 1] === ':' ? 'too many colons in address' : 'missing port in address';
  const fault = end < 0 ? "missing ']' in address" : colons;
  throw new Error(`invalid IP address ${text}: address ${text}:: ${fault}`);
}

function rangeOr(text: string, complaint: string): Range {
  try {
    return range(text);
  } catch {
    throw new Error(complaint);
  }
}

/** `80` or `80-90`. */
function range(text: string): Range {
  if (text === '') throw new Error('empty string specified for ports');
  const [first = 0, last = first] = text.split('-').slice(0, 2).map(parsePortNumber);
  if (last < first) throw new Error(`invalid range specified for port: ${text}`);
  return [first, last];
}

function span([first, last]: Range): number {
  return last - first + 1;
}
