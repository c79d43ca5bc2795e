/**
 * What users get wrong about networks: an answer that says what is wrong, docker's status where docker blames
 * the caller too, and nothing left. (dockerd answers many of these with 500, which is a fault of the engine; a few it
 * takes: subnets that are no network, names that drive a terminal, ranges outside of their subnet.)
 */
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DockerSuite } from '../support/docker.ts';

const suite = new DockerSuite();

/** `[what, call, status, what the message tells]` */
type Row = readonly [
  string,
  readonly [method: string, path: string, body?: object],
  number,
  RegExp,
];

const made = (fields: object): Row[1] => ['POST', '/networks/create', { Name: 'bad', ...fields }];
const addressed = (...Config: object[]): Row[1] => made({ IPAM: { Config } });
const option = (name: string, value: string): Row[1] =>
  made({ Options: { [`com.docker.network.${name}`]: value } });
const connected = (network: string, Container: string, EndpointConfig: object = {}): Row[1] => [
  'POST',
  `/networks/${network}/connect`,
  { Container, EndpointConfig },
];
const left = (network: string, Container: string): Row[1] => [
  'POST',
  `/networks/${network}/disconnect`,
  { Container },
];
const at = (IPv4Address: string): object => ({ IPAMConfig: { IPv4Address } });
const container = (HostConfig: object, more: object = {}): Row[1] => [
  'POST',
  '/containers/create',
  { Image: 'busybox', HostConfig, ...more },
];
const on = (network: string, endpoint: object): Row[1] =>
  container(
    { NetworkMode: network },
    { NetworkingConfig: { EndpointsConfig: { [network]: endpoint } } },
  );

const SUBNET = '10.181.0.0/24';
const inUse = /Address already in use/;
const outside = /doesn't contain/;

const names: readonly Row[] = [
  ['no name', ['POST', '/networks/create', {}], 400, /invalid network name/],
  ['a blank', made({ Name: ' ' }), 400, /invalid network name/],
  ['a slash', made({ Name: 'a/b' }), 400, /invalid network name/],
  ['one that climbs', made({ Name: '../x' }), 400, /invalid network name/],
  [
    'a control byte',
    made({ Name: '\u001b[31mred' }),
    400,
    /invalid network name "\\u001b\[31mred"/,
  ],
  ['a line break', made({ Name: 'a\nb' }), 400, /invalid network name/],
  ['300 characters', made({ Name: 'x'.repeat(300) }), 400, /invalid network name/],
  ['the words of a mode', made({ Name: 'container:x' }), 400, /invalid network name/],
  ['a built-in one', made({ Name: 'bridge' }), 403, /not permitted on predefined bridge network/],
  ['no network at all', made({ Name: 'default' }), 403, /not permitted on predefined default/],
  ['one that is taken', made({ Name: 'bad-one' }), 409, /network with name bad-one already exists/],
];

const subnets: readonly Row[] = [
  ['no subnet', addressed({ Subnet: 'x' }), 400, /invalid subnet "x"/],
  ['no length', addressed({ Subnet: '10.181.0.0' }), 400, /invalid subnet "10.181.0.0"/],
  ['/33', addressed({ Subnet: '10.181.0.0/33' }), 400, /invalid subnet "10.181.0.0\/33"/],
  ['/32', addressed({ Subnet: '10.181.0.0/32' }), 400, /invalid subnet.*prefix/],
  ['/31', addressed({ Subnet: '10.181.0.0/31' }), 400, /invalid subnet.*prefix/],
  ['everything', addressed({ Subnet: '0.0.0.0/0' }), 400, /invalid subnet/],
  ['an address in it', addressed({ Subnet: '10.181.0.1/24' }), 400, /it should be 10.181.0.0\/24/],
  ['IPv6 without being asked', addressed({ Subnet: 'fd00::/64' }), 400, /fd00::\/64.*IPv6/],
  ['taken', addressed({ Subnet: '10.180.0.0/24' }), 403, /Pool overlaps.*10.180.0.0\/24/],
  ['part of one taken', addressed({ Subnet: '10.180.0.128/25' }), 403, /Pool overlaps/],
  ['with one taken in it', addressed({ Subnet: '10.180.0.0/16' }), 403, /Pool overlaps/],
  [
    'two of a family',
    addressed({ Subnet: SUBNET }, { Subnet: '10.182.0.0/24' }),
    400,
    /one subnet/,
  ],
  ['gateway outside', addressed({ Subnet: SUBNET, Gateway: '10.9.0.1' }), 400, outside],
  ['no gateway', addressed({ Subnet: SUBNET, Gateway: 'x' }), 400, /invalid gateway "x"/],
  ['the network as gateway', addressed({ Subnet: SUBNET, Gateway: '10.181.0.0' }), 400, /gateway/],
  ['broadcast as gateway', addressed({ Subnet: SUBNET, Gateway: '10.181.0.255' }), 400, /gateway/],
  ['gateway of no subnet', addressed({ Gateway: '10.181.0.1' }), 400, /needs a subnet/],
  ['range outside', addressed({ Subnet: SUBNET, IPRange: '10.9.0.0/25' }), 400, outside],
  ['range around it', addressed({ Subnet: SUBNET, IPRange: '10.181.0.0/16' }), 400, outside],
  ['no range', addressed({ Subnet: SUBNET, IPRange: 'x' }), 400, /invalid ip-range "x"/],
  [
    'auxiliary address outside',
    addressed({ Subnet: SUBNET, AuxiliaryAddresses: { a: '10.9.0.1' } }),
    400,
    outside,
  ],
  [
    'no auxiliary address',
    addressed({ Subnet: SUBNET, AuxiliaryAddresses: { a: 'x' } }),
    400,
    /invalid auxiliary address "x"/,
  ],
];

const options: readonly Row[] = [
  ['unknown driver', made({ Driver: 'nosuch' }), 404, /"nosuch".*not found/],
  ['another driver', made({ Driver: 'macvlan' }), 501, /macvlan is not built/],
  ['another address driver', made({ IPAM: { Driver: 'null' } }), 501, /not built/],
  ['of a swarm', made({ Ingress: true }), 501, /--ingress is not built/],
  ['a configuration', made({ ConfigOnly: true }), 501, /--config-only is not built/],
  [
    'from a configuration',
    made({ ConfigFrom: { Network: 'x' } }),
    501,
    /--config-from is not built/,
  ],
  ['a scope', made({ Scope: 'swarm' }), 501, /--scope is not built/],
  ['a link name that is too long', option('bridge.name', 'x'.repeat(20)), 400, /1 to 15/],
  ['a link name with a slash', option('bridge.name', 'a/b'), 400, /a\/b/],
  ['a link that is there', option('bridge.name', 'lo'), 409, /lo/],
  ['no MTU', option('driver.mtu', 'x'), 400, /mtu.*"x"/],
  ['an MTU below all', option('driver.mtu', '-1'), 400, /mtu.*"-1"/],
  ['neither true nor false', option('bridge.enable_icc', 'maybe'), 400, /enable_icc.*"maybe"/],
  ['a list as addresses', made({ IPAM: [] }), 400, /IPAM/],
  ['a list as labels', made({ Labels: [] }), 400, /Labels/],
];

const places: readonly Row[] = [
  ['unknown network', connected('nosuch', 'box'), 404, /network nosuch not found/],
  ['unknown container', connected('bad-two', 'nosuch'), 404, /No such container: nosuch/],
  ['no container', connected('bad-two', ''), 400, /Container/],
  ['a second time', connected('bad-one', 'box'), 403, /box already exists in network bad-one/],
  ['the host', connected('host', 'box'), 400, /host network/],
  ['none', connected('none', 'box'), 400, /\(none\) mode/],
  ['one on the host', connected('bad-one', 'hosted'), 400, /sharing network namespace/],
  ['address outside', connected('bad-two', 'box', at('10.9.0.1')), 400, /no configured subnet/],
  ['no address', connected('bad-two', 'box', at('x')), 400, /invalid IPv4 address: x/],
  ['the gateway’s', connected('bad-two', 'box', at('10.183.0.1')), 403, inUse],
  ['the network’s own', connected('bad-two', 'box', at('10.183.0.0')), 403, inUse],
  ['broadcast', connected('bad-two', 'box', at('10.183.0.255')), 403, inUse],
  ['another’s', connected('bad-one', 'other', at('10.180.0.99')), 403, inUse],
  [
    'IPv6 where there is none',
    connected('bad-two', 'box', { IPAMConfig: { IPv6Address: 'fd00::1' } }),
    400,
    /fd00::1/,
  ],
  [
    'no MAC address',
    connected('bad-two', 'box', { MacAddress: 'x' }),
    400,
    /invalid MAC address: x/,
  ],
  [
    'an address on the default network',
    connected('bridge', 'box', at('172.17.0.9')),
    400,
    /user defined networks only/,
  ],
  [
    'an alias on the default network',
    connected('bridge', 'box', { Aliases: ['x'] }),
    400,
    /user-defined networks/,
  ],
  ['unknown network to leave', left('nosuch', 'box'), 404, /network nosuch not found/],
  ['unknown container to leave', left('bad-one', 'nosuch'), 404, /No such container/],
  ['one that it is not on', left('bad-one', 'made'), 403, /is not connected to network bad-one/],
  ['leaving the host', left('host', 'hosted'), 400, /host network/],
  ['removing one in use', ['DELETE', '/networks/bad-one'], 403, /has active endpoints/],
  ['removing a built-in one', ['DELETE', '/networks/none'], 403, /pre-defined network/],
  ['removing none', ['DELETE', '/networks/nosuch'], 404, /network nosuch not found/],
  ['created at an address outside', on('bad-one', at('10.9.0.1')), 400, /no configured subnet/],
  ['created at no address', on('bad-one', at('x')), 400, /invalid IPv4 address: x/],
  ['created with no MAC address', on('bad-one', { MacAddress: 'x' }), 400, /invalid MAC address/],
  ['created in nobody’s', container({ NetworkMode: 'container:' }), 400, /container:/],
  ['linked to nobody', container({ Links: ['nosuch:x'] }), 400, /No such container: nosuch/],
  [
    'linked from the host',
    container({ NetworkMode: 'host', Links: ['box:x'] }),
    400,
    /host type networking can't be used with links/,
  ],
  [
    'linked from another’s network',
    container({ NetworkMode: 'container:box', Links: ['box:x'] }),
    400,
    /container type network can't be used with links/,
  ],
  ['linked twice over', container({ Links: ['a:b:c'] }), 400, /bad format for links/],
];

describe('the API', () => {
  beforeAll(async () => {
    for (const [name, subnet] of [
      ['bad-one', '10.180.0.0/24'],
      ['bad-two', '10.183.0.0/24'],
    ] as const)
      await suite.docker('network', 'create', '--subnet', subnet, name);
  });
  beforeEach(async () => {
    const started = await suite.shell(
      'docker run -d --name box --network bad-one --ip 10.180.0.99 busybox sleep 1000; docker run -d --name other --network bad-two busybox sleep 1000; docker create --name made --network bad-two busybox; docker run -d --name hosted --network host busybox sleep 1000',
    );
    expect(started.stderr).toBe('');
    before = await known();
  });
  afterEach(async () => expect(await known()).toEqual(before));

  let before: unknown;
  /** Which networks there are, and who is on them. */
  const known = async () => ({
    networks: (await suite.docker('network', 'ls', '-q', '--no-trunc')).stdout,
    containers: (await suite.docker('ps', '-aq', '--no-trunc')).stdout,
    places: await suite.inspect('{{json .NetworkSettings.Networks}}', 'box'),
  });

  describe.each([
    ['names', names],
    ['addresses', subnets],
    ['options', options],
    ['places', places],
  ])('%s', (_what, rows) => {
    it.each(rows)('%s', async (_case, [method, path, body], status, message) => {
      const answer = await suite.engine.api(method, path, body);
      expect({
        status: answer.status,
        message: (JSON.parse(answer.text || '{}') as { message?: string }).message,
      }).toEqual({ status, message: expect.stringMatching(message) });
    });
  });
});
