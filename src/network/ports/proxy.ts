/**
 * Carries what the kernel cannot translate: from ::1, which leaves by no link but lo, and from the host's IPv6
 * addresses to a container that has none. Connections and datagrams are taken here and made anew to the
 * container, which sees the bridge's address as their sender.
 */
import { createSocket, type Socket as DatagramSocket, type RemoteInfo } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';
import type { PublishedAt } from './published.ts';

export interface PortProxy {
  /** Also ends what is being carried. */
  close(): void;
}

/** As long as docker's own. */
const IDLE_MS = 90_000;
/** Senders of one port that are remembered; the one that has been silent for longest goes first. */
const MAX_SENDERS = 1024;

interface Destination {
  host: string;
  port: number;
}

/** True for an IPv6 address of the host from which the container cannot be reached by translation. */
export function isProxied({ protocol, hostIp, ipv4, ipv6 }: PublishedAt): boolean {
  if (protocol === 'sctp' || !hostIp.includes(':')) return false;
  if (ipv6 === undefined) return ipv4 !== undefined;
  return hostIp === '::' || hostIp === '::1';
}

/** @param fd bound to the port; it is the proxy's from now on */
export function proxy(port: PublishedAt, fd: number): PortProxy {
  const destination = { host: port.ipv4 ?? port.ipv6 ?? '', port: port.containerPort };
  return port.protocol === 'udp' ? proxyDatagrams(destination, fd) : proxyStream(destination, fd);
}

function proxyStream(destination: Destination, fd: number): PortProxy {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    const inner = connect({ ...destination, allowHalfOpen: true });
    for (const [one, other] of [
      [client, inner],
      [inner, client],
    ] as const) {
      open.add(one);
      one.setNoDelay(true);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        if (one.errored) other.destroy();
      });
      one.pipe(other);
    }
  });
  // Nobody is left to be told: who connects finds that nobody answers.
  server.on('error', () => server.close());
  server.listen({ fd });
  return {
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

function proxyDatagrams(destination: Destination, fd: number): PortProxy {
  const senders = new Map<string, Sender>();
  const outer = createSocket('udp6');
  outer.on('error', () => undefined);
  outer.on('message', (message, from) => {
    const key = `${from.address} ${from.port}`;
    const sender = senders.get(key) ?? new Sender(outer, from, destination);
    senders.delete(key);
    senders.set(key, sender);
    sender.onIdle = () => senders.delete(key);
    sender.send(message);
    if (senders.size > MAX_SENDERS) senders.values().next().value?.close();
  });
  outer.bind({ fd });
  return {
    close() {
      outer.close();
      for (const sender of senders.values()) sender.close();
    },
  };
}

/** One who sends: a socket of its own towards the container, by which answers find back. */
class Sender {
  onIdle: () => void = () => undefined;
  readonly #inner: DatagramSocket;
  readonly #connected: Promise<boolean>;
  readonly #idle: NodeJS.Timeout;
  #isClosed = false;

  constructor(outer: DatagramSocket, from: RemoteInfo, { host, port }: Destination) {
    this.#idle = setTimeout(() => this.close(), IDLE_MS).unref();
    this.#inner = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    this.#inner.on('message', (message) => {
      this.#idle.refresh();
      outer.send(message, from.port, from.address, () => undefined);
    });
    this.#connected = new Promise((resolve) => {
      this.#inner.once('connect', () => resolve(true));
      this.#inner.on('error', () => resolve(false));
      this.#inner.once('close', () => resolve(false));
    });
    this.#inner.connect(port, host);
  }

  /** What cannot be delivered is lost, as datagrams are. */
  async send(message: Buffer): Promise<void> {
    this.#idle.refresh();
    if ((await this.#connected) && !this.#isClosed) this.#inner.send(message, () => undefined);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#idle);
    this.onIdle();
    this.#inner.close();
  }
}
