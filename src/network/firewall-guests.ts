/**
 * The engine's rules in other programs' chains. An `accept` in our own table does not undo a `drop` in
 * another one: every base chain of a hook is asked, and one refusal is enough. So where docker, ufw or
 * an administrator drops what is forwarded by default, two rules at the head of that chain let our
 * bridge pass. What may come in from outside is still decided by our own table.
 *
 * The rules carry a comment by which they are found again; iptables-nft lists them as its own.
 */
import { type NftCommand, type NftObject, nft, nftList } from '../kernel/nftables.ts';

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

/**
 * Puts the rules where they are needed and missing.
 * @param warn is told of a chain that could not be changed
 */
export function admitBridge(bridge: string, warn: (place: ChainPlace, error: Error) => void): void {
  for (const place of chainsToAdmit(listChains())) {
    if (guestRules(place, bridge).length > 0) continue;
    try {
      nft(admitCommands(place, bridge));
    } catch (error) {
      warn(place, error as Error);
    }
  }
}

/** Takes the rules back, from every chain they may be in. */
export function dismissBridge(bridge: string): void {
  const rules = listChains()
    .filter(({ hook, name }) => hook === 'forward' || name === DOCKER_USER)
    .flatMap(({ family, table, name }) => guestRules({ family, table, chain: name }, bridge));
  if (rules.length === 0) return;
  nft(
    rules.map(({ family, table, chain, handle }) => ({
      delete: { rule: { family, table, chain, handle } },
    })),
  );
}

/** Chains that IPv4 packets meet when they are forwarded and that drop what no rule accepts. */
export function chainsToAdmit(chains: readonly ListedChain[]): ChainPlace[] {
  return chains
    .filter(({ family }) => family === 'ip' || family === 'inet')
    .filter((chain) => (chain.hook === 'forward' && chain.policy === 'drop') || isDockerUser(chain))
    .map(({ family, table, name }) => ({ family, table, chain: name }));
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
  return family === 'ip' && table === 'filter' && name === DOCKER_USER;
}

function listChains(): ListedChain[] {
  return listed<ListedChain>(nftList({ chains: null }), 'chain');
}

function guestRules({ family, table, chain }: ChainPlace, bridge: string): ListedRule[] {
  const objects = nftList({ chain: { family, table, name: chain } });
  return listed<ListedRule>(objects, 'rule').filter(
    ({ comment }) => comment === guestComment(bridge),
  );
}

function listed<T>(objects: readonly NftObject[], kind: string): T[] {
  return objects.filter((object) => kind in object).map((object) => object[kind] as T);
}
