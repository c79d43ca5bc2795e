/**
 * The container's end of the name service, in its own network: a UDP and a TCP socket that the engine reads, and
 * rules that bring what is sent to 127.0.0.11, port 53, to the sockets' port. They do not have port 53 themselves,
 * for a program inside may want it. The rules rewrite port numbers and remember nothing: no connection
 * tracking starts in the container because of them. Pure. ip(7), nft(8).
 *
 * For steps that are performed in the container's network namespace, when its loopback interface is up.
 */
import { isDeepStrictEqual } from 'node:util';
import type { NftCommand, NftObject } from '../../kernel/nftables.ts';
import { type Args, type Call, type StepDraft, slot } from '../../step/step.ts';

/** As docker's: programs know it by heart. */
export const NAME_SERVER = '127.0.0.11';

/** Where the steps put the descriptors. */
export const NAME_SLOTS = { udp: 'names.udp', tcp: 'names.tcp' } as const;

/** Above the ports that the kernel gives to programs that ask for any: ip_local_port_range, ip(7). */
export const NAME_PORTS = { first: 61_000, last: 65_535 } as const;

export const TABLE = { family: 'ip', name: 'petri_names' } as const;
const DNS_PORT = 53;
const BACKLOG = 64;

/** @param port from `NAME_PORTS`, free in the namespace */
export function nameServiceSteps(port: number): StepDraft[] {
  return [...socketSteps(port), redirectStep(port)];
}

/** Where the rules are there already and lead to `port`. */
export function socketSteps(port: number): StepDraft[] {
  return [
    openSocket('udp', 'SOCK_DGRAM'),
    bindSocket('udp', port),
    openSocket('tcp', 'SOCK_STREAM'),
    bindSocket('tcp', port),
    step(
      'listen',
      { fd: slot(NAME_SLOTS.tcp), backlog: BACKLOG },
      'connections wait here until the engine takes them',
      '# it listens already',
      'listen(2)',
    ),
  ];
}

function redirectStep(port: number): StepDraft {
  return step(
    'nft',
    { commands: redirect(port) as Args[] },
    `port 53 of ${NAME_SERVER} leads to the engine’s sockets; the port itself stays free for the container`,
    redirectShell(port),
    'nft(8)',
  );
}

/**
 * @param listed the table, as nft lists it
 * @returns the port that the rules lead to; undefined when they are not what they should be
 */
export function redirectedPort(listed: readonly NftObject[]): number | undefined {
  const rules = expressionsOf(listed);
  const [, , leads] = rules[0] ?? [];
  const port = (leads as { mangle?: { value?: unknown } } | undefined)?.mangle?.value;
  if (typeof port !== 'number') return undefined;
  const wanted = expressionsOf(redirect(port).map(({ add }) => add as NftObject));
  return isDeepStrictEqual(rules, wanted) ? port : undefined;
}

function expressionsOf(objects: readonly NftObject[]): unknown[][] {
  return objects.flatMap((object) =>
    object?.rule ? [(object.rule as { expr: unknown[] }).expr] : [],
  );
}

function openSocket(kind: 'udp' | 'tcp', type: 'SOCK_DGRAM' | 'SOCK_STREAM'): StepDraft {
  const out = slot(NAME_SLOTS[kind]);
  return step(
    'socket',
    { domain: 'AF_INET', type: [type, 'SOCK_CLOEXEC'], protocol: 0, out },
    kind === 'udp'
      ? 'the name service: the socket stays in the container’s network, and the engine reads it from outside'
      : 'the same over TCP, for replies that are too long for a datagram',
    `# a name server that is started by ip netns exec "$CONTAINER" opens it: ${kind}`,
    kind === 'udp' ? 'udp(7)' : 'tcp(7)',
    { call: 'close', args: { fd: out } },
  );
}

function bindSocket(kind: 'udp' | 'tcp', port: number): StepDraft {
  return step(
    'bind',
    { fd: slot(NAME_SLOTS[kind]), address: NAME_SERVER, port },
    'an address of loopback: nobody outside the container can send to it',
    `# … and binds it to ${NAME_SERVER}:${port}`,
    'bind(2)',
  );
}

/** On the way out, before anything else sees the packet; replies get their sender back. */
function redirect(port: number): NftCommand[] {
  const chain = { family: TABLE.family, table: TABLE.name, name: 'names' };
  const hook = { type: 'filter', hook: 'output', prio: -300, policy: 'accept' };
  return [
    { add: { table: TABLE } },
    { add: { chain: { ...chain, ...hook } } },
    // Rules of an earlier engine, for another port, go. Where there are none this costs nothing.
    { flush: { chain } },
    ...rewrites(port).map(({ protocol, address, field, from, to }) => ({
      add: {
        rule: {
          family: TABLE.family,
          table: TABLE.name,
          chain: chain.name,
          expr: [
            matches('ip', address, NAME_SERVER),
            matches(protocol, field, from),
            { mangle: { key: payload(protocol, field), value: to } },
          ],
        },
      },
    })),
  ];
}

function rewrites(port: number) {
  return (['udp', 'tcp'] as const).flatMap((protocol) => [
    { protocol, address: 'daddr', field: 'dport', from: DNS_PORT, to: port },
    { protocol, address: 'saddr', field: 'sport', from: port, to: DNS_PORT },
  ]);
}

function redirectShell(port: number): string {
  const rules = rewrites(port).map(
    ({ protocol, address, field, from, to }) =>
      `add rule ip petri_names names ip ${address} ${NAME_SERVER} ${protocol} ${field} ${from} ${protocol} ${field} set ${to}`,
  );
  return [
    'ip netns exec "$CONTAINER" nft -f - <<RULES',
    'add table ip petri_names',
    'add chain ip petri_names names { type filter hook output priority raw; }',
    'flush chain ip petri_names names',
    ...rules,
    'RULES',
  ].join('\n');
}

function payload(protocol: string, field: string): NftCommand {
  return { payload: { protocol, field } };
}

function matches(protocol: string, field: string, right: string | number): NftCommand {
  return { match: { op: '==', left: payload(protocol, field), right } };
}

function step(
  call: string,
  args: Args,
  why: string,
  sh: string,
  see: string,
  undo?: Call,
): StepDraft {
  return {
    actor: 'supervisor',
    phase: 'network',
    call,
    args,
    why,
    see,
    sh,
    ...(undo ? { undo } : {}),
  };
}
