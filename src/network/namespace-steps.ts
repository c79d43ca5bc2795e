/**
 * The network namespace itself, in steps: a new one, the way in and out, and what holds for all of it. The
 * interfaces are attachment-steps.ts. Pure. network_namespaces(7).
 */
import { type Args, type Call, type StepDraft, slot } from '../step/step.ts';

const HOME: Call = {
  call: 'setns',
  args: { fd: slot('netns.home'), nstype: ['CLONE_NEWNET'] },
};

/** Steps for `--network none`: a namespace with nothing but its loopback interface. */
export function noneSteps(): StepDraft[] {
  return [...enterNew(), ...settings(), goHome(), loopbackUp(), closeNetlink()];
}

/** A step of the supervisor's in the phase `network`. */
export function step(
  call: string,
  args: Args,
  why: string,
  sh: string,
  see: string,
  extra: { undo?: Call; accept?: string } = {},
): StepDraft {
  return { actor: 'supervisor', phase: 'network', call, args, why, see, sh, ...extra };
}

export function enterNew(): StepDraft[] {
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
    openInside(),
  ];
}

export function openInside(): StepDraft {
  return step(
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
  );
}

const SETTINGS: readonly [path: string, data: string, why: string, accept?: string][] = [
  [
    'ipv6/conf/default/disable_ipv6',
    '1',
    'no interface made from here on gives itself an IPv6 address: only where the network has IPv6',
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
export function settings(): StepDraft[] {
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

export function goInside(): StepDraft {
  return step(
    'setns',
    { fd: slot('netns'), nstype: ['CLONE_NEWNET'] },
    'into the container’s network for a moment',
    '# ip netns exec "$CONTAINER"',
    'setns(2)',
    { undo: HOME },
  );
}

export function goHome(): StepDraft {
  return step(
    'setns',
    HOME.args,
    'back to the host’s network: the new one is now worked on through its descriptor and its socket',
    '# ip netns exec has returned',
    'setns(2)',
  );
}

export function loopbackUp(): StepDraft {
  return step(
    'RTM_NEWLINK',
    { netlink: slot('netlink.container'), name: 'lo', up: true },
    'a new loopback interface is down; up, it gives itself 127.0.0.1',
    'ip -n "$CONTAINER" link set lo up',
    'rtnetlink(7)',
  );
}

export function closeNetlink(): StepDraft {
  return step(
    'close',
    { fd: slot('netlink.container') },
    'the inside is configured',
    '# the last `ip -n` has returned',
    'close(2)',
  );
}
