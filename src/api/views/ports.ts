/** Ports of a running container that its networks make reachable: `Ports` of list and inspect. */
import type { ContainerRecord } from '../../container/record.ts';
import { isAlive } from '../../container/state.ts';
import { parseExposed, portName } from '../../network/ports/requests.ts';

export interface PortSummary {
  IP?: string;
  PrivatePort: number;
  PublicPort?: number;
  Type: string;
}

interface PortBinding {
  HostIp: string;
  HostPort: string;
}

/** Docker lists them while it runs on a network of its own. */
function isOnNetwork({ state, endpoints }: ContainerRecord): boolean {
  return isAlive(state) && Object.keys(endpoints).length > 0;
}

export function portList(record: ContainerRecord): PortSummary[] {
  return Object.entries(portMap(record)).flatMap(([name, bindings]) => {
    const [number, Type = 'tcp'] = name.split('/');
    const PrivatePort = Number(number);
    if (!bindings) return [{ PrivatePort, Type }];
    return bindings.map(({ HostIp, HostPort }) => ({
      IP: HostIp,
      PrivatePort,
      PublicPort: Number(HostPort),
      Type,
    }));
  });
}

/** `null` says that nothing on the host leads to it. */
export function portMap(record: ContainerRecord): Record<string, PortBinding[] | null> {
  if (!isOnNetwork(record)) return {};
  const published = record.published ?? [];
  const exposed = Object.keys(record.config.ExposedPorts ?? {}).flatMap(ifValid);
  const names = [...exposed, ...published].map(portName);
  const entries = [...new Set(names)].sort().map((name) => {
    const bindings = published.filter((port) => portName(port) === name).map(binding);
    return [name, bindings.length > 0 ? bindings : null] as const;
  });
  return Object.fromEntries(entries);
}

/** An image may expose anything. */
function ifValid(exposed: string): ReturnType<typeof parseExposed> {
  try {
    return parseExposed(exposed);
  } catch {
    return [];
  }
}

function binding({ hostIp, hostPort }: { hostIp: string; hostPort: number }): PortBinding {
  return { HostIp: hostIp, HostPort: String(hostPort) };
}
