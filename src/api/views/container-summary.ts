/** One row of `GET /containers/json`. */
import type { Engine } from '../../container/engine.ts';
import type { Container } from '../../container/table.ts';
import { unixSeconds } from './durations.ts';
import { networksView } from './endpoint.ts';
import { mountsView } from './mounts.ts';
import { portList } from './ports.ts';
import { statusText } from './status.ts';

/** @param sizes bytes of the container's own layer and of all its files, when they were asked for */
export function containerSummary(
  engine: Engine,
  { record, health }: Container,
  sizes?: { SizeRw: number; SizeRootFs: number },
): object {
  const { config, hostConfig, state } = record;
  return {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: config.Image,
    ImageID: record.imageId,
    Command: [record.path, ...record.args].map(quoted).join(' '),
    Created: unixSeconds(record.createdAt),
    Ports: portList(record),
    ...sizes,
    Labels: config.Labels,
    State: state.status,
    Status: statusText(state, Date.now(), health?.status),
    HostConfig: { NetworkMode: hostConfig.NetworkMode },
    NetworkSettings: { Networks: networksView(engine, record) },
    Mounts: mountsView(engine, record),
  };
}

/** Docker quotes an argument that has a space. */
function quoted(argument: string, index: number): string {
  return index > 0 && argument.includes(' ') ? `'${argument}'` : argument;
}
