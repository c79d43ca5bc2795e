/** `Mounts` of list and inspect: binds, and tmpfs by `--mount` (docker tells `--tmpfs` in HostConfig alone). */
import { mountPoints } from '../../container/option/mount-points.ts';
import type { ContainerRecord } from '../../container/record.ts';

export function mountsView({ hostConfig }: ContainerRecord): object[] {
  return mountPoints(hostConfig).flatMap((mount) => {
    if (mount.type === 'tmpfs')
      return mount.listed
        ? [
            {
              Type: 'tmpfs',
              Source: '',
              Destination: mount.target,
              Mode: '',
              RW: isWritable(mount.flags),
              Propagation: '',
            },
          ]
        : [];
    const { source, target, mode, readOnly, propagation } = mount;
    return [
      {
        Type: 'bind',
        Source: source,
        Destination: target,
        Mode: mode,
        RW: !readOnly,
        Propagation: propagation,
      },
    ];
  });
}

function isWritable(flags: readonly string[]): boolean {
  return !flags.includes('MS_RDONLY');
}
