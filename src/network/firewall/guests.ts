/**
 * The engine's rules in other programs' chains. An `accept` in our own table does not undo a `drop` in
 * another one: every base chain of a hook is asked, and one refusal is enough. So where docker, ufw or
 * an administrator drops what is forwarded by default, two rules at the head of that chain let our
 * bridge pass. What may come in from outside is still decided by our own table.
 *
 * The rules carry a comment by which they are found again; iptables-nft lists them as its own.
 */
import { type NftCommand, type NftObject, nft, nftList } from '../../kernel/nftables.ts';
import type { FirewallNetwork } from './elements.ts';

/** Where a chain is. */
export interface ChainPlace {
  family: string;
  table: string;
  chain: string;
}

interface ListedChain {
  family: string;
  table: string;
  name: string;
  hook?: string;
  policy?: string;
}

interface ListedRule extends ChainPlace {
  handle: number;
  comment?: string;
}

/** Docker jumps to this chain before any of its own and leaves its contents to others. */
const DOCKER_USER = 'DOCKER-USER';

export function guestComment(bridge: string): string {
  return `petri: ${bridge}`;
}

/** A network that is to pass elsewhere: its bridge, and which versions of IP it speaks. */
type Guest = Pick<FirewallNetwork, 'bridge' | 'ipv4' | 'ipv6'>;

/**
 * Puts the rules where they are needed and missing.
 * @param warn is told of a chain that could not be changed
 */
export function admitBridges(
  guests: readonly Guest[],
  warn: (place: ChainPlace, error: Error) => void,
): void {
  for (const place of chainsToAdmit(listChains())) {
    const there = guestComments(place);
    const missing = guests.filter(
      (guest) => speaks(guest, place.family) && !there.has(guestComment(guest.bridge)),
    );
    if (missing.length === 0) continue;
    try {
      nft(missing.flatMap(({ bridge }) => admitCommands(place, bridge)));
    } catch (error) {
      warn(place, error as Error);
    }
  }
}

/** Takes the rules back, from every chain they may be in. */
export function dismissBridges(guests: readonly Guest[]): void {
  const comments = new Set(guests.map(({ bridge }) => guestComment(bridge)));
  const rules = listChains()
    .filter(({ hook, name }) => hook === 'forward' || name === DOCKER_USER)
    .flatMap(({ family, table, name }) => listRules({ family, table, chain: name }))
    .filter(({ comment }) => comment !== undefined && comments.has(comment));
  if (rules.length === 0) return;
  nft(
    rules.map(({ family, table, chain, handle }) => ({
      delete: { rule: { family, table, chain, handle } },
    })),
  );
}

/** Chains that packets meet when they are forwarded and that drop what no rule accepts. */
export function chainsToAdmit(chains: readonly ListedChain[]): ChainPlace[] {
  return chains
    .filter(({ family }) => ['ip', 'ip6', 'inet'].includes(family))
    .filter((chain) => (chain.hook === 'forward' && chain.policy === 'drop') || isDockerUser(chain))
    .map(({ family, table, name }) => ({ family, table, chain: name }));
}

function speaks({ ipv4, ipv6 }: Guest, family: string): boolean {
  if (family === 'inet') return true;
  return (family === 'ip' ? ipv4 : ipv6) !== undefined;
}

/** `insert` without a position is the head of the chain. */
export function admitCommands(place: ChainPlace, bridge: string): NftCommand[] {
  const comment = guestComment(bridge);
  return ['oifname', 'iifname'].map((key) => ({
    insert: {
      rule: {
        ...place,
        comment,
        expr: [
          { match: { op: '==', left: { meta: { key } }, right: bridge } },
          { counter: null },
          { accept: null },
        ],
      },
    },
  }));
}

function isDockerUser({ family, table, name }: ListedChain): boolean {
  return family !== 'inet' && table === 'filter' && name === DOCKER_USER;
}

function listChains(): ListedChain[] {
  return listed<ListedChain>(nftList({ chains: null }), 'chain');
}

function listRules({ family, table, chain }: ChainPlace): ListedRule[] {
  return listed<ListedRule>(nftList({ chain: { family, table, name: chain } }), 'rule');
}

function guestComments(place: ChainPlace): Set<string | undefined> {
  return new Set(listRules(place).map(({ comment }) => comment));
}

function listed<T>(objects: readonly NftObject[], kind: string): T[] {
  return objects.filter((object) => kind in object).map((object) => object[kind] as T);
}
