/** `Mounts` of list and inspect: binds, volumes, and tmpfs by `--mount` (docker tells `--tmpfs` in HostConfig alone). */
import type { Engine } from '../../container/engine.ts';
import type { MountPoint } from '../../container/option/mount-point.ts';
import { mountsOf } from '../../container/option/mount-points.ts';
import type { ContainerRecord } from '../../container/record.ts';

export function mountsView(engine: Engine, record: ContainerRecord): object[] {
  return mountsOf(record).flatMap((mount) => view(engine, mount) ?? []);
}

function view({ paths }: Engine, mount: MountPoint): object | undefined {
  const { type: Type, target: Destination } = mount;
  if (mount.type === 'tmpfs') {
    const RW = !mount.flags.includes('MS_RDONLY');
    return mount.listed
      ? { Type, Source: '', Destination, Mode: '', RW, Propagation: '' }
      : undefined;
  }
  const { mode: Mode, readOnly } = mount;
  const RW = !readOnly;
  if (mount.type === 'bind') {
    const { source: Source, propagation: Propagation } = mount;
    return { Type, Source, Destination, Mode, RW, Propagation };
  }
  const { name: Name } = mount;
  const Source = paths.volume(Name).data;
  return { Type, Name, Source, Destination, Driver: 'local', Mode, RW, Propagation: '' };
}
