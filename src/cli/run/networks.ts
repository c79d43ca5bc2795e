/**
 * `--network` in both its forms and the flags that describe a place on a network, as the API's `EndpointsConfig`.
 * Docker takes `--ip`, `--network-alias` and their like to be about the first network.
 */
import type { EndpointBody } from '../../api/client/types.ts';
import { csvFields } from '../csv.ts';
import type { Flags } from '../flags.ts';
import { checkMacAddress } from './addresses.ts';

/** One `--network`. */
export interface Attachment {
  target: string;
  aliases: string[];
  links: string[];
  ip: string;
  ip6: string;
  linkLocalIps: string[];
  macAddress: string;
  driverOptions: Record<string, string>;
  gatewayPriority: number;
}

/** `name`, or `name=web,alias=db,ip=10.0.0.9,…`. @throws Error with docker's words */
export function parseNetwork(text: string): Attachment {
  const attachment = attachmentTo(text);
  if (!/\w=\w/.test(text)) return attachment;
  attachment.target = '';
  for (const field of csvFields(text)) setField(attachment, field);
  if (attachment.target === '') throw new Error('network name/id is not specified');
  return attachment;
}

function attachmentTo(target: string): Attachment {
  return {
    target,
    aliases: [],
    links: [],
    ip: '',
    ip6: '',
    linkLocalIps: [],
    macAddress: '',
    driverOptions: {},
    gatewayPriority: 0,
  };
}

const setters: Readonly<Record<string, (attachment: Attachment, value: string) => void>> = {
  name: (attachment, value) => {
    attachment.target = value;
  },
  alias: ({ aliases }, value) => aliases.push(value),
  ip: (attachment, value) => {
    attachment.ip = value;
  },
  ip6: (attachment, value) => {
    attachment.ip6 = value;
  },
  'mac-address': (attachment, value) => {
    attachment.macAddress = value;
  },
  'link-local-ip': ({ linkLocalIps }, value) => linkLocalIps.push(value),
  'driver-opt': ({ driverOptions }, value) => {
    const [key, option] = keyAndValue(value, 'invalid key value pair format in driver options');
    driverOptions[key] = option;
  },
  'gw-priority': (attachment, value) => {
    attachment.gatewayPriority = parsePriority(value);
  },
};

/** Docker makes all of it small letters. */
function setField(attachment: Attachment, field: string): void {
  const [key, value] = keyAndValue(field.toLowerCase(), `invalid field ${field}`);
  const setter = Object.hasOwn(setters, key) ? setters[key] : undefined;
  if (!setter) throw new Error(`invalid field key ${key}`);
  setter(attachment, value);
}

function keyAndValue(text: string, complaint: string): [key: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1) throw new Error(complaint);
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

function parsePriority(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new Error(`invalid gw-priority (${text}): invalid syntax`);
  if (!Number.isSafeInteger(Number(text)))
    throw new Error(`invalid gw-priority (${text}): value out of range`);
  return Number(text);
}

/** `HostConfig.NetworkMode`: the first network's. */
export function networkMode(flags: Flags): string {
  return flags.list<Attachment>('network')[0]?.target ?? 'default';
}

/** @throws Error with docker's words */
export function endpoints(flags: Flags): Record<string, EndpointBody> {
  const given = flags.list<Attachment>('network');
  const [first = attachmentTo('default'), ...others] = given;
  const bodies: Record<string, EndpointBody> = {};
  for (const attachment of [withFlags(first, flags), ...others]) {
    const body = endpointBody(attachment);
    if (Object.hasOwn(bodies, attachment.target))
      throw new Error(`network ${JSON.stringify(attachment.target)} is specified multiple times`);
    bodies[attachment.target] = body;
  }
  if (given.some(isUserDefined) && !given.every(isUserDefined))
    throw new Error(
      'conflicting options: cannot attach both user-defined and non-user-defined network-modes',
    );
  // One network of which nothing is said: its name is in HostConfig.
  const isPlain = given.length === 1 && Object.keys(bodies[first.target] ?? {}).length === 0;
  return isPlain ? {} : bodies;
}

/** What a field of `--network` and a flag of its own can both say. */
const conflicts: readonly [flag: string, field: keyof Attachment, what: string][] = [
  ['network-alias', 'aliases', 'alias'],
  ['ip', 'ip', 'IPv4 address'],
  ['ip6', 'ip6', 'IPv6 address'],
  ['mac-address', 'macAddress', 'MAC address'],
  ['link-local-ip', 'linkLocalIps', 'link-local IP addresses'],
];

function withFlags(attachment: Attachment, flags: Flags): Attachment {
  const isGiven = (flag: string): boolean => flags.text(flag) !== '' && flags.has(flag);
  const conflict = conflicts.find(
    ([flag, field]) => isGiven(flag) && (attachment[field] as string | string[]).length > 0,
  );
  if (conflict)
    throw new Error(
      `conflicting options: cannot specify both --${conflict[0]} and per-network ${conflict[2]}`,
    );
  const given = conflicts.filter(([flag]) => isGiven(flag));
  const fields = given.map(([flag, field]) => [field, flags.text(flag)]); // a list where the field is one
  // On the default network a link is the container's, not the endpoint's.
  const links = isUserDefined(attachment) ? flags.list('link') : [];
  return { ...attachment, ...Object.fromEntries(fields), links };
}

function endpointBody(attachment: Attachment): EndpointBody {
  const { aliases, links, ip, ip6, linkLocalIps, macAddress, driverOptions } = attachment;
  checkAttachment(attachment);
  const addresses = {
    ...(ip && { IPv4Address: ip }),
    ...(ip6 && { IPv6Address: ip6 }),
    ...(linkLocalIps.length > 0 && { LinkLocalIPs: linkLocalIps }),
  };
  return {
    ...(aliases.length > 0 && { Aliases: aliases }),
    ...(links.length > 0 && { Links: links }),
    ...(Object.keys(addresses).length > 0 && { IPAMConfig: addresses }),
    ...(macAddress && { MacAddress: macAddress }),
    ...(Object.keys(driverOptions).length > 0 && { DriverOpts: driverOptions }),
    ...(attachment.gatewayPriority !== 0 && { GwPriority: attachment.gatewayPriority }),
  };
}

function checkAttachment(attachment: Attachment): void {
  if (attachment.target.trim() === '') throw new Error('no name set for network');
  if (!isUserDefined(attachment) && attachment.aliases.length > 0)
    throw new Error('network-scoped aliases are only supported for user-defined networks');
  if (attachment.macAddress) checkMacAddress(attachment.macAddress);
}

function isUserDefined({ target }: Attachment): boolean {
  return (
    !['default', 'bridge', 'host', 'none'].includes(target) && !target.startsWith('container:')
  );
}
