/**
 * The chains and rules of the firewall's table. Pure. What comes in for a container is decided by
 * where it comes from, first without looking at connections: a connection that came about while the rules
 * were gone (another program flushed them) does not live on by being established.
 */

export type Expression = Readonly<Record<string, unknown>>;

export interface ChainRules {
  chain: string;
  /** Undefined: other chains lead to it. */
  hook?: { type: 'filter' | 'nat'; hook: string; prio: number };
  expressions: readonly (readonly Expression[])[];
}

const accept: Expression = { accept: null };
const drop: Expression = { drop: null };
const goto = (target: string): Expression => ({ goto: { target } });
const masquerade: Expression = { masquerade: null };
const meta = (key: string): Expression => ({ meta: { key } });
const payload = (protocol: string, field: string): Expression => ({ payload: { protocol, field } });
const concat = (...parts: Expression[]): Expression => ({ concat: parts });
const match = (op: string, left: Expression, right: unknown): Expression => ({
  match: { op, left, right },
});
const is = (left: Expression, right: unknown) => match('==', left, right);
const isNot = (left: Expression, right: unknown) => match('!=', left, right);

const from = meta('iifname');
const to = meta('oifname');
const isDnat = match('in', { ct: { key: 'status' } }, 'dnat');
const loopback: Expression = { prefix: { addr: '127.0.0.0', len: 8 } };

const families = [
  { ip: 'ip', version: 4 },
  { ip: 'ip6', version: 6 },
] as const;
type Family = (typeof families)[number];

/**
 * Before anything is translated. Every packet passes here, so it meets what is of its family alone, and no more than
 * it takes.
 */
const guard: Expression[][] = [
  [is(from, 'lo'), accept],
  [is(meta('nfproto'), 'ipv4'), goto('guard4')],
  [goto('guard6')],
];

/** Who comes from elsewhere has no business with a container's address, and a container none with another sender's. */
function guardOf({ ip, version }: Family): Expression[][] {
  return [
    [isNot(from, '@bridges'), goto(`strangers${version}`)],
    [isNot(concat(from, payload(ip, 'saddr')), `@places${version}`), drop],
  ];
}

/** The bridges route 127.0.0.0/8, for what the host sends to a published port: nobody else may (CVE-2020-8558). */
const noLoopback: Expression[][] = ['daddr', 'saddr'].map((field) => [
  is(payload('ip', field), loopback),
  drop,
]);

function strangers({ ip, version }: Family): Expression[][] {
  return [[is(payload(ip, 'daddr'), `@subnets${version}`), drop]];
}

/** Looks up what is sent to the host itself; not found, a rule does nothing. */
const publish: Expression[][] = families.flatMap((family) => [
  translate(family, 'exact', [payload(family.ip, 'daddr')]),
  translate(family, 'wildcard', []),
]);

function translate({ ip, version }: Family, maps: string, key: Expression[]): Expression[] {
  const whole = concat(...key, meta('l4proto'), payload('th', 'dport'));
  const found = (map: string) => ({ map: { key: whole, data: `@${maps}_${map}${version}` } });
  // ::1 leaves by no other link than lo, whatever it is translated to: ports/proxy.ts carries that.
  const notLoopback = version === 6 ? [isNot(payload('ip6', 'daddr'), '::1')] : [];
  return [
    ...notLoopback,
    is({ fib: { result: 'type', flags: ['daddr'] } }, 'local'),
    { dnat: { family: ip, addr: found('addresses'), port: found('ports') } },
  ];
}

/** Within a network; outward; inward what is published, and answers. */
const forward: Expression[][] = [
  [is(concat(from, to), '@within'), accept],
  [is(from, '@internal'), drop],
  [is(to, '@internal'), drop],
  [isNot(to, '@bridges'), accept],
  [isDnat, accept],
  [is(from, '@bridges'), drop],
  [match('in', { ct: { key: 'state' } }, ['established', 'related']), accept],
  [drop],
];

/**
 * What leaves by another link takes that link's address, or no answer would find its way back. So does what
 * comes back to the network it left, through a published port: the answer must pass here again.
 */
const leave: Expression[][] = [
  [is(payload('ip', 'saddr'), loopback), is(to, '@bridges'), masquerade],
  ...families.flatMap(({ ip, version }) => {
    const source = payload(ip, 'saddr');
    const stays = concat(source, to);
    return [
      [is(stays, `@stays${version}`), isDnat, masquerade],
      [is(source, `@masked${version}`), isNot(stays, `@stays${version}`), masquerade],
    ];
  }),
];

/**
 * What reaches a neighbour by way of the host, through a published port, came in and went out by one
 * link: the host would tell the sender of a shorter way, which does not translate.
 */
const unredirected: Expression[][] = [
  [is(to, '@bridges'), is(payload('icmp', 'type'), 'redirect'), drop],
  [is(to, '@bridges'), is(payload('icmpv6', 'type'), 'nd-redirect'), drop],
];

const [ipv4, ipv6] = families;

/** Those that others lead to come first: a rule names only what is there. */
export const rules: readonly ChainRules[] = [
  { chain: 'strangers4', expressions: strangers(ipv4) },
  { chain: 'strangers6', expressions: strangers(ipv6) },
  { chain: 'guard4', expressions: [...noLoopback, ...guardOf(ipv4)] },
  { chain: 'guard6', expressions: guardOf(ipv6) },
  { chain: 'guard', hook: { type: 'filter', hook: 'prerouting', prio: -300 }, expressions: guard },
  { chain: 'publish', hook: { type: 'nat', hook: 'prerouting', prio: -100 }, expressions: publish },
  {
    chain: 'publish_local',
    hook: { type: 'nat', hook: 'output', prio: -100 },
    expressions: publish,
  },
  { chain: 'forward', hook: { type: 'filter', hook: 'forward', prio: 0 }, expressions: forward },
  {
    chain: 'unredirected',
    hook: { type: 'filter', hook: 'output', prio: 0 },
    expressions: unredirected,
  },
  { chain: 'leave', hook: { type: 'nat', hook: 'postrouting', prio: 100 }, expressions: leave },
];
