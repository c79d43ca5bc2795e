/** What engines have in the host's firewall, as a list of texts; nft(8). */
import { execFileSync } from 'node:child_process';
import { tableName } from '../../src/network/firewall/table.ts';

/**
 * Tables with their chains, rules and the elements of their sets and maps, and rules of ours in others' chains.
 * @param bridge only this engine's; default all whose name begins with `petri`
 */
export function firewallObjects(bridge?: string): string[] {
  const json = execFileSync('nft', ['-j', 'list', 'ruleset'], { encoding: 'utf8' });
  const { nftables: objects } = JSON.parse(json) as { nftables: Record<string, NftObject>[] };
  return objects.flatMap((each) => {
    const [[type, object] = ['', {}]] = Object.entries(each);
    const table = String(type === 'table' ? object.name : object.table);
    const own = bridge === undefined ? table.startsWith('petri') : table === tableName(bridge);
    const guest =
      object.comment !== undefined && JSON.stringify(object.comment).includes('petri: ');
    return own || guest ? [shown(type, object), ...elements(object)] : [];
  });
}

type NftObject = Record<string, unknown> & { elem?: unknown[] };

function shown(type: string, { elem: _, handle, ...object }: NftObject): string {
  const name = object.name ?? (type === 'rule' ? handle : '');
  return `${type} ${object.table ?? ''} ${object.chain ?? ''} ${name}`.replace(/ +/g, ' ').trim();
}

function elements({ elem = [], table, name }: NftObject): string[] {
  return elem.map((each) => `element ${table} ${name} ${JSON.stringify(each)}`);
}
