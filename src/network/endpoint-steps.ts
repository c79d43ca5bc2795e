/**
 * Phase `network`: a container's network namespace, and in it one interface with one address, joined
 * by a virtual cable to the engine's bridge. Pure. network_namespaces(7), veth(4), rtnetlink(7).
 *
 * The performer's slots must hold `netns.home` (the engine's own namespace) and `netlink.host` (a
 * netlink socket opened there); afterwards `netns` holds the container's.
 */
import { type Args, type Call, type StepDraft, slot } from '../step/step.ts';
import { broadcastOf } from './pool.ts';

/** What the steps need of a network; BridgeNetwork has it. */
export interface EndpointNetwork {
  bridgeName: string;
  /** Bytes. */
  mtu: number;
}

/** What they need of an endpoint; the record's Endpoint has it. */
export interface EndpointPlace {
  ipAddress: string;
  prefixLength: number;
  gateway: string;
  macAddress: string;
  hostInterface: string;
}

const HOME: Call = {
  call: 'setns',
  args: { fd: slot('netns.home'), nstype: ['CLONE_NEWNET'] },
};

/** Steps for a container on a bridge. */
export function endpointSteps(network: EndpointNetwork, endpoint: EndpointPlace): StepDraft[] {
  return [
    ...enterNew(),
    ...settings(),
    goHome(),
    loopbackUp(),
    cable(network, endpoint),
    quietHostEnd(endpoint),
    address(endpoint),
    insideUp(),
    settled(endpoint),
    defaultRoute(endpoint),
    closeNetlink(),
  ];
}

/** Steps for `--network none`: a namespace with nothing but its loopback interface. */
export function noneSteps(): StepDraft[] {
  return [...enterNew(), ...settings(), goHome(), loopbackUp(), closeNetlink()];
}

function step(
  call: string,
  args: Args,
  why: string,
  sh: string,
  see: string,
  extra: { undo?: Call; accept?: string } = {},
): StepDraft {
  return { actor: 'supervisor', phase: 'network', call, args, why, see, sh, ...extra };
}

function enterNew(): StepDraft[] {
  return [
    step(
      'unshare',
      { flags: ['CLONE_NEWNET'] },
      'a network of its own: empty but for a loopback interface that is down',
      'ip netns add "$CONTAINER"',
      'network_namespaces(7)',
      { undo: HOME },
    ),
    step(
      'open',
      { path: '/proc/self/ns/net', flags: ['O_RDONLY', 'O_CLOEXEC'], mode: 0, out: slot('netns') },
      'an open descriptor keeps the namespace alive until the container is in it',
      'NETNS=/run/netns/"$CONTAINER"',
      'namespaces(7)',
      { undo: { call: 'close', args: { fd: slot('netns') } } },
    ),
    step(
      'socket',
      {
        domain: 'AF_NETLINK',
        type: ['SOCK_RAW', 'SOCK_CLOEXEC'],
        protocol: 'NETLINK_ROUTE',
        out: slot('netlink.container'),
      },
      'a socket stays in the namespace it was opened in, so it configures the inside from outside',
      '# every `ip -n "$CONTAINER"` below opens one',
      'netlink(7)',
      { undo: { call: 'close', args: { fd: slot('netlink.container') } } },
    ),
  ];
}

const SETTINGS: readonly [path: string, data: string, why: string, accept?: string][] = [
  [
    'ipv6/conf/default/disable_ipv6',
    '1',
    'the network has no IPv6, so no interface made from here on gives itself an IPv6 address',
    'ENOENT',
  ],
  [
    'ipv4/ip_unprivileged_port_start',
    '0',
    'port 80 inside is the container’s own: no capability is needed to listen on it',
  ],
  [
    'ipv4/ping_group_range',
    '0 2147483647',
    'every group may send echo requests, so ping needs no raw sockets',
  ],
];

/** /proc/sys/net shows the namespace of whoever looks: written while the engine is inside. */
function settings(): StepDraft[] {
  return SETTINGS.map(([path, data, why, accept]) =>
    step(
      'write',
      { path: `/proc/sys/net/${path}`, data },
      why,
      `ip netns exec "$CONTAINER" sysctl -w net.${path.replaceAll('/', '.')}='${data}'`,
      path.startsWith('ipv6') ? 'ipv6(7)' : path.includes('ping') ? 'icmp(7)' : 'ip(7)',
      accept === undefined ? {} : { accept },
    ),
  );
}

function goHome(): StepDraft {
  return step(
    'setns',
    HOME.args,
    'back to the host’s network: the new one is now worked on through its descriptor and its socket',
    '# ip netns exec has returned',
    'setns(2)',
  );
}

function loopbackUp(): StepDraft {
  return step(
    'RTM_NEWLINK',
    { netlink: slot('netlink.container'), name: 'lo', up: true },
    'a new loopback interface is down; up, it gives itself 127.0.0.1',
    'ip -n "$CONTAINER" link set lo up',
    'rtnetlink(7)',
  );
}

/**
 * One message makes both ends and puts one into the bridge, one into the container. Nothing takes it
 * back: the pair goes with the namespace, in the background, where RTM_DELLINK would wait 30 ms.
 */
function cable({ bridgeName, mtu }: EndpointNetwork, endpoint: EndpointPlace): StepDraft {
  const { hostInterface, macAddress } = endpoint;
  const netlink = slot('netlink.host');
  return step(
    'RTM_NEWLINK',
    {
      netlink,
      kind: 'veth',
      name: hostInterface,
      master: bridgeName,
      mtu,
      up: true,
      peer: { name: 'eth0', netns: slot('netns'), address: macAddress, mtu },
    },
    'a virtual cable: one end is a port of the bridge, the other is eth0 inside',
    `ip link add ${hostInterface} mtu ${mtu} master ${bridgeName} up type veth peer name eth0 ` +
      `address ${macAddress} mtu ${mtu} netns "$CONTAINER"`,
    'veth(4)',
  );
}

/** A port of a bridge needs no address of its own, and must not believe a container's advertisements. */
function quietHostEnd({ hostInterface }: EndpointPlace): StepDraft {
  return step(
    'write',
    { path: `/proc/sys/net/ipv6/conf/${hostInterface}/disable_ipv6`, data: '1' },
    'the host end speaks no IPv6: it believes no router advertisement a container sends',
    `sysctl -w net.ipv6.conf.${hostInterface}.disable_ipv6=1`,
    'ipv6(7)',
    { accept: 'ENOENT' },
  );
}

function address({ ipAddress, prefixLength }: EndpointPlace): StepDraft {
  const cidr = `${ipAddress}/${prefixLength}`;
  const broadcast = broadcastOf(cidr);
  return step(
    'RTM_NEWADDR',
    { netlink: slot('netlink.container'), dev: 'eth0', address: cidr, broadcast },
    'the container’s address, and how large its network is',
    `ip -n "$CONTAINER" addr add ${cidr} broadcast ${broadcast} dev eth0`,
    'rtnetlink(7)',
  );
}

/** Not in the message that makes it: a veth end cannot be up before it has its peer (ENOTCONN). */
function insideUp(): StepDraft {
  return step(
    'RTM_NEWLINK',
    { netlink: slot('netlink.container'), name: 'eth0', up: true },
    'an interface sends and receives only when it is up',
    'ip -n "$CONTAINER" link set eth0 up',
    'rtnetlink(7)',
  );
}

/** A link's carrier is settled by a worker later, unless somebody asks for it. Without this 1 in 100 first packets is lost. */
function settled({ hostInterface }: EndpointPlace): StepDraft {
  return step(
    'RTM_GETLINK',
    { netlink: slot('netlink.host'), name: hostInterface },
    'asked, the kernel first finishes plugging the cable in: the first packet is not lost',
    `ip link show ${hostInterface}`,
    'rtnetlink(7)',
  );
}

function defaultRoute({ gateway }: EndpointPlace): StepDraft {
  return step(
    'RTM_NEWROUTE',
    { netlink: slot('netlink.container'), to: 'default', via: gateway },
    'everything else goes to the bridge’s own address, where the host forwards it',
    `ip -n "$CONTAINER" route add default via ${gateway}`,
    'rtnetlink(7)',
  );
}

function closeNetlink(): StepDraft {
  return step(
    'close',
    { fd: slot('netlink.container') },
    'the inside is configured',
    '# the last `ip -n` has returned',
    'close(2)',
  );
}
