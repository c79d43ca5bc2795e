/**
 * The ports that containers have published: each is bound on the host, so that no other program gets it
 * and a conflict is found before anything starts. Nothing of it is stored: it is made anew from the records
 * of running containers.
 */
import { readFileSync } from 'node:fs';
import { KernelError, SystemError } from '../../errors/errors.ts';
import { close } from '../../kernel/files.ts';
import { bindPort } from '../../kernel/inet-socket.ts';
import { isProxied, type PortProxy, proxy } from './proxy.ts';
import type { PublishedAt, PublishedPort } from './published.ts';
import { hostAddress, overlap, type PortRequest } from './requests.ts';

/** Addresses of the container on the network that its ports are published by. */
export type Target = Pick<PublishedAt, 'ipv4' | 'ipv6'>;

interface Held {
  port: PublishedAt;
  /** Bound and not listening; undefined once it is the proxy's, or when the kernel has none to give. */
  fd: number | undefined;
  proxy: PortProxy | undefined;
}

/** The kernel has no sockets of that kind: then there is nothing to be in the way. */
const NO_SUCH_SOCKETS = ['EAFNOSUPPORT', 'EPROTONOSUPPORT', 'ESOCKTNOSUPPORT'];

export class PortTable {
  /** By protocol and port of the host: those that could be in each other's way. */
  readonly #held = new Map<string, Held[]>();
  #lastRandom = 0;

  /** @param range of ports given out when none is asked for; default the kernel's, read anew each time */
  constructor(private readonly range: () => readonly [number, number] = localPortRange) {}

  all(): PublishedAt[] {
    return [...this.#held.values()].flat().map(({ port }) => port);
  }

  /**
   * Takes a port for each request, at all the addresses it names.
   * @throws SystemError in docker's words when one cannot be had; then none is taken
   */
  claim(requests: readonly PortRequest[], target: Target): PublishedPort[] {
    const claimed: PublishedPort[] = [];
    try {
      // Those that have no choice go first.
      for (const request of requests.toSorted((a, b) => choices(a) - choices(b)))
        claimed.push(...this.#claimOne(request, target));
    } catch (error) {
      this.release(claimed);
      throw error;
    }
    return claimed;
  }

  /** Those of the given that are held, with where they lead. */
  held(ports: readonly PublishedPort[]): PublishedAt[] {
    return ports.flatMap((port) => this.#find(port)?.port ?? []);
  }

  /**
   * Idempotent.
   * @returns those that were held
   */
  release(ports: readonly PublishedPort[]): PublishedAt[] {
    return ports.flatMap((port) => {
      const held = this.#find(port);
      if (!held) return [];
      const others = this.#near(port).filter((other) => other !== held);
      if (others.length > 0) this.#held.set(keyOf(port), others);
      else this.#held.delete(keyOf(port));
      held.proxy?.close();
      if (held.fd !== undefined) close(held.fd);
      return held.port;
    });
  }

  /**
   * Holds again what a container that runs has published.
   * @returns those that another program has taken meanwhile: they are translated all the same
   */
  restore(ports: readonly PublishedAt[]): PublishedAt[] {
    return ports.filter((port) => {
      let fd: number | undefined;
      try {
        fd = bound(port);
      } catch {
        fd = undefined;
      }
      this.#add(port, fd);
      if (fd !== undefined) this.listen(port);
      return fd === undefined && port.protocol !== 'sctp';
    });
  }

  /**
   * Lets ports that are held lead elsewhere.
   * @returns them, with where they lead now
   */
  retarget(ports: readonly PublishedPort[], target: Target): PublishedAt[] {
    const moved = this.release(ports).map(({ ipv4: _, ipv6: __, ...port }) => ({
      ...port,
      ...target,
    }));
    this.restore(moved);
    return moved;
  }

  /** Begins to carry what cannot be translated to the container; does nothing for other ports. */
  listen(port: PublishedPort): void {
    const held = this.#find(port);
    if (held?.fd === undefined || held.proxy || !isProxied(held.port)) return;
    held.proxy = proxy(held.port, held.fd);
    held.fd = undefined;
  }

  #near(port: PublishedPort): Held[] {
    return this.#held.get(keyOf(port)) ?? [];
  }

  #find(port: PublishedPort): Held | undefined {
    return this.#near(port).find((held) => held.port.hostIp === port.hostIp);
  }

  #add(port: PublishedAt, fd: number | undefined): void {
    this.#held.set(keyOf(port), [...this.#near(port), { port, fd, proxy: undefined }]);
  }

  #claimOne(request: PortRequest, target: Target): PublishedPort[] {
    let failure: unknown;
    for (const hostPort of this.#candidates(request)) {
      try {
        return this.#claimEverywhere(request, hostPort, target);
      } catch (error) {
        failure = error;
        if (!isInUse(error)) break;
      }
    }
    throw failure;
  }

  #claimEverywhere(request: PortRequest, hostPort: number, target: Target): PublishedPort[] {
    const { protocol, containerPort, hostIps } = request;
    const claimed: PublishedAt[] = [];
    try {
      for (const hostIp of hostIps) {
        const port = { protocol, containerPort, hostIp, hostPort, ...target };
        const fd = this.#bind(port);
        // A host without IPv6 has it nowhere, and nobody has asked for it by name.
        if (fd === undefined && hostIp === '::' && claimed.length > 0 && protocol !== 'sctp')
          continue;
        this.#add(port, fd);
        claimed.push(port);
      }
    } catch (error) {
      this.release(claimed);
      throw error;
    }
    return claimed.map(({ ipv4: _, ipv6: __, ...port }) => port);
  }

  #bind(port: PublishedAt): number | undefined {
    if (this.#near(port).some((other) => overlap(other.port, port)))
      throw new PortInUse(`Bind for ${hostAddress(port)} failed: port is already allocated`);
    try {
      return bound(port);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      const to = `${hostAddress(port)}:${port.ipv4 ?? `[${port.ipv6}]`}:${port.containerPort}`;
      const text = `failed to bind host port for ${to}/${port.protocol}: ${reasonOf(error)}`;
      throw error.code === 'EADDRINUSE' ? new PortInUse(text) : new SystemError(text);
    }
  }

  /** Ports to try, each once. Random ones go round, so that one is not another container's a moment later. */
  *#candidates({ hostPorts }: PortRequest): Generator<number> {
    const [first, last] = hostPorts ?? this.range();
    const size = last - first + 1;
    const from = hostPorts ? first : Math.max(first, (this.#lastRandom % (last + 1)) + 1);
    for (let i = 0; i < size; i++) {
      const port = first + ((from - first + i) % size);
      if (!hostPorts) this.#lastRandom = port;
      yield port;
    }
  }
}

class PortInUse extends SystemError {}

function isInUse(error: unknown): boolean {
  return error instanceof PortInUse;
}

function choices({ hostPorts }: PortRequest): number {
  return hostPorts ? hostPorts[1] - hostPorts[0] : Number.POSITIVE_INFINITY;
}

function keyOf({ protocol, hostPort }: PublishedPort): string {
  return `${protocol} ${hostPort}`;
}

/** Undefined when the kernel has no such sockets. @throws KernelError */
function bound({ protocol, hostIp, hostPort }: PublishedPort): number | undefined {
  try {
    return bindPort({ protocol, address: hostIp, port: hostPort });
  } catch (error) {
    if (error instanceof KernelError && NO_SUCH_SOCKETS.includes(error.code)) return undefined;
    throw error;
  }
}

function reasonOf({ code }: KernelError): string {
  const words: Record<string, string> = {
    EADDRINUSE: 'address already in use',
    EADDRNOTAVAIL: 'cannot assign requested address',
  };
  return words[code] ?? code;
}

function localPortRange(): readonly [number, number] {
  const [first = 32768, last = 60999] = readFileSync(
    '/proc/sys/net/ipv4/ip_local_port_range',
    'utf8',
  )
    .trim()
    .split(/\s+/)
    .map(Number);
  return [first, last];
}
