/**
 * The host's side of all networks: one netlink socket and the way home, opened once. Their descriptors
 * are what every container's network steps begin with.
 */
import { close as closeFd, open } from '../kernel/files.ts';
import { getAddresses } from '../kernel/netlink/address.ts';
import { getLinks } from '../kernel/netlink/link.ts';
import { getRoutes } from '../kernel/netlink/route.ts';
import { NetlinkSocket } from '../kernel/netlink/socket.ts';

const DEFAULT_MTU = 1500;

export class HostNetwork {
  readonly #home: number;
  /** `netns.home` and `netlink.host`. */
  readonly slots: ReadonlyMap<string, number>;

  private constructor(
    /** In the host's namespace. */
    readonly netlink: NetlinkSocket,
  ) {
    this.#home = open('/proc/self/ns/net', ['O_RDONLY', 'O_CLOEXEC']);
    this.slots = new Map([
      ['netns.home', this.#home],
      ['netlink.host', netlink.fd],
    ]);
  }

  /** In the namespace of the calling thread. */
  static open(): HostNetwork {
    return new HostNetwork(NetlinkSocket.open());
  }

  /** MTU of the link that the default route of the lowest metric leaves by. */
  outsideMtu(): number {
    const [route] = getRoutes(this.netlink.fd)
      .filter(({ to, index }) => to === '0.0.0.0/0' && index !== undefined)
      .sort((a, b) => a.metric - b.metric);
    return (
      getLinks(this.netlink.fd).find(({ index }) => index === route?.index)?.mtu ?? DEFAULT_MTU
    );
  }

  /** Destinations of the routes of both families. */
  routed(): string[] {
    return [4, 6].flatMap((family) =>
      getRoutes(this.netlink.fd, family as 4 | 6).map(({ to }) => to),
    );
  }

  /** Addresses of one link, with prefix. */
  addressesOf(index: number, family: 4 | 6): string[] {
    return getAddresses(this.netlink.fd, family)
      .filter((address) => address.index === index)
      .map(({ address }) => address);
  }

  close(): void {
    this.netlink.close();
    closeFd(this.#home);
  }
}
