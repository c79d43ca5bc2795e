/**
 * The netlink calls that appear in steps, by name: `socket` and the RTM_ messages. Each takes its
 * arguments as plain values in which slots are descriptors already; `netlink` is the socket to send by.
 */
import { InvalidError } from '../../errors/errors.ts';
import { type AddressSettings, addAddress, deleteAddress } from './address.ts';
import {
  type ChangeLink,
  changeLink,
  createLink,
  deleteLink,
  getLink,
  type NewLink,
} from './link.ts';
import { addRoute, deleteRoute, type RouteSettings } from './route.ts';
import { openNetlink } from './socket.ts';

type Values = Readonly<Record<string, unknown>>;
type OverNetlink<Settings> = Settings & { netlink: number };

/** What a step's `call` may name; each returns what the call returned. */
export const netlinkCalls = {
  /** `{ domain: 'AF_NETLINK', type, protocol: 'NETLINK_ROUTE' }` → descriptor. */
  socket(args: Values): number {
    if (args.domain !== 'AF_NETLINK' || args.protocol !== 'NETLINK_ROUTE')
      throw new InvalidError(`socket(${String(args.domain)}): only NETLINK_ROUTE is made by steps`);
    return openNetlink();
  },
  /** With `kind` a new link, else a change of an existing one. */
  RTM_NEWLINK(args: Values): number {
    const link = args as unknown as OverNetlink<NewLink | ChangeLink>;
    if (link.kind === undefined) changeLink(link.netlink, link);
    else createLink(link.netlink, link);
    return 0;
  },
  RTM_DELLINK(args: Values): number {
    const { netlink, name } = args as unknown as OverNetlink<{ name: string }>;
    deleteLink(netlink, name);
    return 0;
  },
  /** Since Linux 6.8 the kernel settles the link's carrier before it answers. */
  RTM_GETLINK(args: Values): number {
    const { netlink, name } = args as unknown as OverNetlink<{ name: string }>;
    getLink(netlink, name);
    return 0;
  },
  RTM_NEWADDR(args: Values): number {
    const settings = args as unknown as OverNetlink<AddressSettings>;
    addAddress(settings.netlink, settings);
    return 0;
  },
  RTM_DELADDR(args: Values): number {
    const settings = args as unknown as OverNetlink<AddressSettings>;
    deleteAddress(settings.netlink, settings);
    return 0;
  },
  RTM_NEWROUTE(args: Values): number {
    const settings = args as unknown as OverNetlink<RouteSettings>;
    addRoute(settings.netlink, settings);
    return 0;
  },
  RTM_DELROUTE(args: Values): number {
    const settings = args as unknown as OverNetlink<RouteSettings>;
    deleteRoute(settings.netlink, settings);
    return 0;
  },
} as const;
