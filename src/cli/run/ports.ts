/** `-p [ip:][host port[-end]:]port[-end][/protocol]` and `--expose`, as the API's port maps. */

export interface PortBinding {
  HostIp: string;
  HostPort: string;
}

export interface PortMaps {
  exposed: Record<string, object>;
  bindings: Record<string, PortBinding[]>;
}

/** @throws Error with docker's words */
export function parsePorts(publish: readonly string[], expose: readonly string[]): PortMaps {
  const maps: PortMaps = { exposed: {}, bindings: {} };
  for (const text of publish) addPublished(maps, text);
  for (const text of expose) {
    const [ports, protocol] = splitProtocol(text, text);
    for (const port of range(ports, text)) maps.exposed[`${port}/${protocol}`] = {};
  }
  return maps;
}

function addPublished(maps: PortMaps, text: string): void {
  const { ip, host, container, protocol } = split(text);
  const inside = range(container, text);
  const outside = host === '' ? [] : range(host, text);
  const isOpen = outside.length > 1 && inside.length === 1; // any free one of the range
  if (outside.length > 0 && !isOpen && outside.length !== inside.length)
    throw new Error(
      `invalid ranges specified for container and host Ports: ${container} and ${host}`,
    );
  inside.forEach((port, i) => {
    const key = `${port}/${protocol}`;
    maps.exposed[key] = {};
    const bindings = maps.bindings[key] ?? [];
    maps.bindings[key] = bindings;
    bindings.push({ HostIp: ip, HostPort: isOpen ? host : String(outside[i] ?? '') });
  });
}

function split(text: string): { ip: string; host: string; container: string; protocol: string } {
  const [address, protocol] = splitProtocol(text, text);
  const parts = /^(?:(?:\[([^\]]*)\]|([^:[\]]*)):)?(?:([^:]*):)?([^:]+)$/.exec(address);
  if (!parts && address.split(':').length > 3)
    throw new Error(`invalid IP address: ${address.split(':').slice(0, -2).join(':')}`);
  if (!parts) throw new Error(`invalid containerPort: ${text}`);
  const [, v6, first, second, container = ''] = parts;
  // two parts are host port and port; the address comes only with three, or in brackets
  if (v6 === undefined && second === undefined)
    return { ip: '', host: first ?? '', container, protocol };
  return { ip: v6 ?? first ?? '', host: second ?? '', container, protocol };
}

function splitProtocol(text: string, whole: string): [string, string] {
  const [ports = '', protocol = 'tcp', ...more] = text.split('/');
  const name = protocol.toLowerCase();
  if (more.length > 0 || !['tcp', 'udp', 'sctp'].includes(name))
    throw new Error(`invalid proto: ${protocol} in ${whole}`);
  return [ports, name];
}

function range(text: string, whole: string): number[] {
  const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  const from = Number(first);
  const to = last === undefined ? from : Number(last);
  if (!first || from > 65535 || to > 65535 || to < from)
    throw new Error(`invalid containerPort: ${whole}`);
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
