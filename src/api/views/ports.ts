/** Ports of a running container that its network makes reachable: `Ports` of list and inspect. */
import type { ContainerRecord } from '../../container/record.ts';
import { isAlive } from '../../container/state.ts';

export interface PortSummary {
  PrivatePort: number;
  PublicPort?: number;
  Type: string;
}

/** Docker lists them while it runs on a network of its own. */
function exposed({ config, state, endpoints }: ContainerRecord): string[] {
  const isOnNetwork = isAlive(state) && Object.keys(endpoints).length > 0;
  return isOnNetwork ? Object.keys(config.ExposedPorts ?? {}).sort() : [];
}

export function portList(record: ContainerRecord): PortSummary[] {
  return exposed(record).map((port) => {
    const [number, type = 'tcp'] = port.split('/');
    return { PrivatePort: Number(number), Type: type };
  });
}

/** `null` says that nothing on the host leads to it. */
export function portMap(record: ContainerRecord): Record<string, null> {
  return Object.fromEntries(exposed(record).map((port) => [port, null]));
}
