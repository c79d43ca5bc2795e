/**
 * An engine's JSON as docker's command sees it: with Go's types, where a list or a map that is null is an empty one
 * that `json` writes as null. All else that is null is a pointer to nothing.
 */
import { asStruct } from '../template/print.ts';

const lists = new Set(
  (
    'Aliases Args Binds BlkioDeviceReadBps BlkioDeviceReadIOps BlkioDeviceWriteBps BlkioDeviceWriteIOps ' +
    'BlkioWeightDevice CapAdd CapDrop Cmd DNSNames DeviceCgroupRules DeviceRequests Devices Dns DnsOptions DnsSearch ' +
    'Entrypoint Env ExecIDs ExtraHosts GroupAdd Layers Links Log MaskedPaths Mounts OnBuild ReadonlyPaths RepoDigests ' +
    'RepoTags SecondaryIPAddresses SecondaryIPv6Addresses SecurityOpt Shell Test Ulimits VolumesFrom'
  ).split(' '),
);
const maps = new Set(
  'Annotations AuxiliaryAddresses Config Containers DriverOpts ExposedPorts Labels Networks Options PortBindings Ports StorageOpt Sysctls Tmpfs Volumes'.split(
    ' ',
  ),
);

/** @param json valid JSON */
export function parseDetail(json: string): unknown {
  const detail: unknown = JSON.parse(json, (key, value) => {
    if (value !== null) return isPortBinding(value) ? asStruct(value) : value;
    if (lists.has(key) || isPort(key)) return asNull([]);
    return maps.has(key) ? asNull({}) : null;
  });
  if (typeof detail === 'object' && detail !== null && 'Id' in detail)
    Object.defineProperty(detail, 'ID', { value: detail.Id, enumerable: false }); // as Go spells it
  return detail;
}

/** `80/tcp` */
function isPort(key: string): boolean {
  return /^\d+\/\w+$/.test(key);
}

function isPortBinding(value: object): boolean {
  return Object.keys(value).join() === 'HostIp,HostPort';
}

function asNull(empty: object): object {
  return Object.defineProperty(empty, 'toJSON', { value: () => null, enumerable: false });
}
