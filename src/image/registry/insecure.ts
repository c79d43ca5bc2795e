/**
 * Which registries may be spoken to without TLS or with a certificate that nobody vouches for: those of this machine, and
 * those named by `--insecure-registry` (dockerd(8)). For all others there is no way around a verified connection.
 */
import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { InvalidError } from '../../errors/errors.ts';
import { isIn, isLoopback } from './addresses.ts';

export class InsecureRegistries {
  readonly #hosts = new Set<string>();
  readonly #networks = new BlockList();
  #hasNetworks = false;

  /**
   * @param named HOST, HOST:PORT or CIDR
   * @throws InvalidError for anything else
   */
  constructor(readonly named: readonly string[]) {
    for (const one of named) this.#add(one);
  }

  /** A host name is looked up when networks were named, as dockerd does it. */
  async has(url: URL): Promise<boolean> {
    if (this.hasLiterally(url)) return true;
    if (!this.#hasNetworks || isIP(bare(url.hostname))) return false;
    // A name that leads nowhere is in no network; whoever connects tells that it leads nowhere.
    const found = await lookup(url.hostname, { all: true }).catch(() => []);
    return found.some(({ address }) => isIn(this.#networks, address));
  }

  /** By the name alone. */
  hasLiterally(url: URL): boolean {
    const port = url.port || (url.protocol === 'http:' ? '80' : '443');
    return (
      isLoopback(url.hostname) ||
      this.#hosts.has(url.hostname) ||
      this.#hosts.has(`${url.hostname}:${port}`) ||
      isIn(this.#networks, url.hostname)
    );
  }

  #add(text: string): void {
    const [, address = '', prefix] = /^(.*)\/(\d{1,3})$/.exec(text) ?? [];
    if (prefix !== undefined) this.#addNetwork(text, address, Number(prefix));
    else if (URL.canParse(`http://${text}`) && /^[^/?#@]+$/.test(text))
      this.#hosts.add(text.toLowerCase());
    else
      throw new InvalidError(
        `insecure registry ${text} is not valid: want HOST, HOST:PORT or CIDR`,
      );
  }

  #addNetwork(text: string, address: string, prefix: number): void {
    const family = isIP(address);
    if (family === 0 || prefix > (family === 4 ? 32 : 128))
      throw new InvalidError(`insecure registry ${text} is not valid: no such network`);
    this.#networks.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
    this.#hasNetworks = true;
  }
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
