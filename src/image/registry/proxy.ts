/**
 * The proxy for a URL, by the environment, with Go's meaning of it (golang.org/x/net/http/httpproxy): this machine is
 * never reached through a proxy; NO_PROXY lists names with their subdomains, addresses, networks, each with an optional
 * port, or `*`.
 */
import { BlockList, isIP } from 'node:net';
import { isIn, isLoopback } from './addresses.ts';

/** @returns the proxy's URL, or undefined for a direct connection */
export function proxyFor(url: URL, environment: NodeJS.ProcessEnv): string | undefined {
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = variable(environment, name);
  if (!proxy || isLoopback(url.hostname)) return undefined;
  const exceptions = variable(environment, 'NO_PROXY').split(',');
  if (exceptions.some((one) => matches(url, one.trim().toLowerCase()))) return undefined;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

function variable(environment: NodeJS.ProcessEnv, name: string): string {
  return environment[name] || environment[name.toLowerCase()] || '';
}

function matches(url: URL, exception: string): boolean {
  if (exception === '') return false;
  if (exception === '*') return true;
  const network = /^([^/]+)\/(\d+)$/.exec(exception);
  if (network) return isInNetwork(url.hostname, network[1] ?? '', Number(network[2]));
  const [, host = '', port] =
    /^(\[.*\]|[^:]*|[^:]*(?::[^:]*){2,})(?::(\d+))?$/.exec(exception) ?? [];
  if (port && port !== portOf(url)) return false;
  return isNameUnder(url.hostname, host);
}

function isInNetwork(hostname: string, address: string, prefix: number): boolean {
  const family = isIP(address);
  if (family === 0 || prefix > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return isIn(list, hostname);
}

/** `example.com` means itself and all below, `.example.com` all below alone. */
function isNameUnder(hostname: string, exception: string): boolean {
  const name = exception.replace(/^\*\./, '.');
  if (name.startsWith('.')) return hostname.endsWith(name);
  return hostname === name || hostname.endsWith(`.${name}`) || hostname === `[${name}]`;
}

function portOf(url: URL): string {
  return url.port || (url.protocol === 'https:' ? '443' : '80');
}
