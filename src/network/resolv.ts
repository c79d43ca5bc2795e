/**
 * The text of a container's /etc/resolv.conf: the host's, without what cannot work inside, or what
 * `--dns`, `--dns-search` and `--dns-option` say. Docker's rules. resolv.conf(5).
 */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { InvalidError } from '../errors/errors.ts';

export interface ResolvInput {
  /** Each replaces the host's when it is not empty. */
  dns: readonly string[];
  /** `.` alone means: no search list. */
  search: readonly string[];
  options: readonly string[];
  /** With the host's network its loopback (and IPv6) name servers do work. */
  keepLoopback: boolean;
  /** On networks of users: the address of the container's name service, which then asks the servers itself. */
  nameService?: string | undefined;
}

/** Where nothing else is left, docker asks these. */
const FALLBACK = ['8.8.8.8', '8.8.4.4'];
const STUB_RESOLVER = '127.0.0.53';
const BEHIND_STUB = '/run/systemd/resolve/resolv.conf';

/**
 * @param host the host's resolv.conf
 * @throws InvalidError for a value that is not what its option wants
 */
export function resolvConf(host: string, input: ResolvInput): string {
  const { dns, search, options, keepLoopback, nameService } = input;
  const asked = dns.length > 0 ? dns.map(checkServer) : hostServers(host, keepLoopback);
  const servers = nameService === undefined ? asked : [nameService];
  const domains =
    search.length > 0 ? search.map(checkDomain) : lastValues(host, 'search', 'domain');
  const given = options.length > 0 ? options.map(checkOption) : values(host, 'options');
  const chosen = nameService === undefined ? given : withNdots(given);
  const searched = domains.filter((domain) => domain !== '.');
  const lines = [
    ...servers.map((server) => `nameserver ${server}`),
    ...(searched.length > 0 ? [`search ${searched.join(' ')}`] : []),
    ...(chosen.length > 0 ? [`options ${chosen.join(' ')}`] : []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/**
 * Whom the name service of a container asks for names elsewhere. It asks from the host's network, so servers on the
 * host's loopback count too.
 * @param dns `--dns` of the container
 */
export function serversElsewhere(dns: readonly string[], path = '/etc/resolv.conf'): string[] {
  const given = dns.length > 0 ? dns : values(readIfThere(path), 'nameserver');
  const servers = given.filter((server) => isIP(server) !== 0);
  return servers.length > 0 ? servers : [...FALLBACK];
}

/** A name without a dot is asked for as it is, before any domain is put behind it: it may be a container's. */
function withNdots(options: readonly string[]): string[] {
  return options.some((option) => /^ndots:\d+$/.test(option))
    ? [...options]
    : [...options.filter((option) => !option.startsWith('ndots:')), 'ndots:0'];
}

/**
 * Reads the host's resolv.conf; where that only names systemd-resolved's stub, which answers on the
 * host's loopback alone, the file with the servers behind it. A missing file reads as empty.
 */
export function readHostResolvConf(path = '/etc/resolv.conf', behindStub = BEHIND_STUB): string {
  const text = readIfThere(path);
  const servers = values(text, 'nameserver');
  if (servers.length !== 1 || servers[0] !== STUB_RESOLVER) return text;
  return readIfThere(behindStub) || text;
}

/** The network has no IPv6, so a server with such an address is as unreachable as one on loopback. */
function hostServers(host: string, keepLoopback: boolean): readonly string[] {
  const servers = values(host, 'nameserver');
  if (keepLoopback) return servers;
  const reachable = servers.filter((server) => isIP(server) === 4 && !server.startsWith('127.'));
  return reachable.length > 0 ? reachable : FALLBACK;
}

/** All words after `keyword`, of every line that begins with it. */
function values(text: string, keyword: string): string[] {
  return lines(text).flatMap(([word, ...rest]) => (word === keyword ? rest : []));
}

/** The words of the last line that begins with one of the keywords: the last one wins. */
function lastValues(text: string, ...keywords: string[]): string[] {
  return (
    lines(text)
      .findLast(([word]) => keywords.includes(word ?? ''))
      ?.slice(1) ?? []
  );
}

function lines(text: string): string[][] {
  return text
    .split('\n')
    .map((line) =>
      line
        .replace(/[#;].*/, '')
        .trim()
        .split(/\s+/),
    )
    .filter(([word]) => word);
}

function checkServer(address: string): string {
  if (isIP(address) === 0 || address.includes('%'))
    throw new InvalidError(`invalid dns address ${JSON.stringify(address)}: want an IP address`);
  return address;
}

function checkDomain(domain: string): string {
  if (!/^[A-Za-z0-9_.-]{1,253}$/.test(domain))
    throw new InvalidError(`invalid dns search domain ${JSON.stringify(domain)}`);
  return domain;
}

function checkOption(option: string): string {
  if (!/^[A-Za-z0-9_.:-]{1,64}$/.test(option))
    throw new InvalidError(`invalid dns option ${JSON.stringify(option)}`);
  return option;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
