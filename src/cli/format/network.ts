/** A network as `network ls` and its templates see it: docker's `network.networkContext`. */
import type { NetworkSummary } from '../../api/client/types.ts';
import type { Context } from './list.ts';
import { formatLabels, formatTimestamp, shortId } from './text.ts';

export const networkHeadings: Readonly<Record<string, string>> = {
  ID: 'NETWORK ID',
  Name: 'NAME',
  Driver: 'DRIVER',
  Scope: 'SCOPE',
  IPv4: 'IPV4',
  IPv6: 'IPV6',
  Internal: 'INTERNAL',
  Labels: 'LABELS',
  CreatedAt: 'CREATED AT',
};

export function networkContext(network: NetworkSummary, isWhole: boolean): Context {
  const labels = network.Labels ?? {};
  return {
    CreatedAt: formatTimestamp(network.Created),
    Driver: network.Driver,
    ID: isWhole ? network.Id : shortId(network.Id),
    IPv4: String(network.EnableIPv4 ?? false),
    IPv6: String(network.EnableIPv6 ?? false),
    Internal: String(network.Internal),
    Labels: formatLabels(labels),
    Name: network.Name,
    Scope: network.Scope,
    Label: (name: unknown) => labels[String(name)] ?? '',
  };
}

/** What `--format` stands for: `raw` is a form of its own, and `-q` is about the table alone. */
export function networkFormat(
  format: string | undefined,
  isQuiet: boolean,
): { format: string | undefined; isQuiet: boolean } {
  const isTable = !format || format === 'table';
  if (format !== 'raw') return { format, isQuiet: isQuiet && isTable };
  const all = 'network_id: {{.ID}}\nname: {{.Name}}\ndriver: {{.Driver}}\nscope: {{.Scope}}\n';
  return { format: isQuiet ? 'network_id: {{.ID}}' : all, isQuiet: false };
}
