/**
 * The text of a container's /etc/hosts, line for line as docker writes it. Pure. hosts(5);
 * `--add-host` is HostConfig.ExtraHosts of POST /containers/create.
 */
import { isIP } from 'node:net';
import { InvalidError } from '../errors/errors.ts';

export interface HostsInput {
  /** The container's own addresses, one line each. */
  addresses: readonly string[];
  hostname: string;
  domainname: string;
  /** `NAME:ADDRESS`, where the address may be `host-gateway`. */
  extraHosts: readonly string[];
  /** Lines of linked containers. */
  links?: readonly string[];
  /** What `host-gateway` means: the bridge's address. */
  gateway: string;
}

const HEAD = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::\tip6-localnet',
  'ff00::\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
];

/**
 * @throws InvalidError when a name or an address could be read as something else, such as a second
 *   line; so `create` can call it to check its input
 */
export function hostsFile(input: HostsInput): string {
  const names = ownNames(input.hostname, input.domainname);
  const lines = [
    ...HEAD,
    ...input.extraHosts.map((entry) => extraLine(entry, input.gateway)),
    ...(input.links ?? []),
    ...input.addresses.map((address) => `${checkAddress(address, address)}\t${names}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** `web.example.org web`: the full name first, then the bare one. */
export function ownNames(hostname: string, domainname: string): string {
  const full = checkName(domainname ? `${hostname}.${domainname}` : hostname);
  const [bare] = full.split('.', 1);
  return bare === full ? full : `${full} ${bare}`;
}

function extraLine(entry: string, gateway: string): string {
  const colon = entry.indexOf(':');
  if (colon < 1) throw new InvalidError(`bad format for add-host: ${JSON.stringify(entry)}`);
  const name = checkName(entry.slice(0, colon));
  const target = entry.slice(colon + 1).replace(/^\[(.*)\]$/, '$1');
  return `${target === 'host-gateway' ? gateway : checkAddress(target, entry)}\t${name}`;
}

function checkAddress(address: string, shown: string): string {
  // A zone (fe80::1%eth0) is text that isIP does not restrict.
  if (isIP(address) === 0 || address.includes('%'))
    throw new InvalidError(`invalid IP address in add-host: ${JSON.stringify(shown)}`);
  return address;
}

function checkName(name: string): string {
  if (!/^[A-Za-z0-9_.-]{1,253}$/.test(name))
    throw new InvalidError(
      `invalid host name ${JSON.stringify(name)}: want letters, digits, '.', '-' and '_'`,
    );
  return name;
}
