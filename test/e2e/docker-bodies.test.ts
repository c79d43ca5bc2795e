/**
 * What docker's command asks an engine for, and petri with the same words: calls and bodies, what is said and exit
 * codes, told to a socket that plays an engine of each version. A command line more is a line more.
 */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { meaning, Recorder } from '../support/recorder.ts';

const version = spawnSync('docker', ['--version'], { encoding: 'utf8' }).stdout ?? '';
/** Another docker's own words are others; petri speaks as this one. */
const isKnown = /version 28\./.test(version);

/** `create` and these, then an image. */
const OF_RUN = [
  '-p 8080:80',
  '-p 80',
  '-p 8080:80 -p 8081:80 -p 9:9/udp',
  '-p 127.0.0.1:8080:80/tcp',
  '-p [::1]:8080:80',
  '-p ::1:8080:80',
  '-p 127.0.0.1::80',
  '-p 127.0.0.1:80',
  '-p 8000-8010:80-90/udp',
  '-p 8000-8010:80',
  '-p 8000-8000:80',
  '-p 1-2-3:4-5-6',
  '-p 80/SCTP',
  '-p 80/',
  '-p 80/tcp/x',
  '-p :80',
  '-p 0:80',
  '-p 0080:0080',
  '-p target=80',
  '-p mode=host,target=80,published=8080,protocol=udp',
  '-p target=80,published=8080,host_ip=127.0.0.1',
  '-p published=8080',
  '-p target=80,x',
  '-p =80',
  '-p 80/foo',
  '-p 65536',
  '-p 65536:80',
  '-p 80:65536',
  '-p a-b:80',
  '-p 90-80',
  '-p 1-3:80-81',
  '-p 1.2.3:80:80',
  '-p 1.2.3.4:80:',
  '-p [::1:80:80',
  '-p [::1]x:80:80',
  '-p [::1]:x:80:80',
  '-p fe80::1%lo:80:80',
  '-p -80',
  '-p 80-',
  '-P',
  '--expose 80 --expose 90-92/udp --expose 80',
  '--expose 80/foo -p 80',
  '--expose 3-1',
  '--expose x',
  '--expose 65536',
  '--expose 1:2',
  '--expose /tcp',

  '--network web',
  '--network host',
  '--network none --network-alias x',
  '--network container:x --network-alias x',
  '--network-alias x',
  '--net web --network-alias a --net-alias b --network-alias c',
  '--network web --network data --net other --ip 10.0.0.9',
  '--network web --network web',
  '--network web --network host',
  '--network bridge --network host',
  '--network web --ip 10.0.0.9 --ip6 2001:db8::9 --link-local-ip 169.254.1.2 --link-local-ip fe80::2',
  '--network web --ip 10.0.0',
  '--network web --link db --link cache:c',
  '--link db:d',
  '--network bridge --link db',
  '--network host --link db',
  '--link a:b:c',
  '--link=',
  '--network name=web,alias=Db,alias=two,ip=10.0.0.9,ip6=2001:db8::9,link-local-ip=169.254.1.2',
  '--network name=web,mac-address=02:42:AC:11:00:09,driver-opt=a=b,driver-opt=c=D,gw-priority=-3',
  '--network name=web,gw-priority=1 --network name=data,gw-priority=2,alias=x',
  '--network name=web,"driver-opt=com.example.list=a,b"',
  '--network name=web,alias="x"y',
  '--network name=web,"alias="x',
  '--network name=web,"alias=x',
  '--network name=web,gw-priority=x',
  '--network name=web,gw-priority=99999999999999999999',
  '--network name=web,driver-opt=x',
  '--network name=web,nosuch=1',
  '--network alias=x',
  '--network name=web,x',
  '--network name=web,=x',
  '--network name=',
  '--network=',
  '--network name=web,alias=x --network-alias y',
  '--network name=web,ip=10.0.0.9 --ip 10.0.0.8',
  '--network name=web,ip6=::9 --ip6 ::8',
  '--network name=web,mac-address=02:42:ac:11:00:09 --mac-address 02:42:ac:11:00:08',
  '--network name=web,link-local-ip=169.254.1.2 --link-local-ip 169.254.1.3',
  '--network web --mac-address 02:42:ac:11:00:09',
  '--mac-address 02-42-ac-11-00-09',
  '--mac-address 0242.ac11.0009',
  '--mac-address 02:42:ac',
  '--network name=web,mac-address=x',
  '--network-alias= --network web',
  '--ip= --network web',
  '--label a=b --label c',
  '--label =x',
  '--label a\tb=c',
].map((flags) => `create ${flags} busybox`);

const OF_NETWORK = [
  'create web',
  'create',
  'create a b',
  'create -d bridge --label a=b --label c -o com.docker.network.bridge.name=br9 --opt x web',
  'create --internal --attachable --ingress --scope local --config-only web',
  'create --config-from other web',
  'create --ipv4=false --ipv6 web',
  'create --ipv6=false --ipv4 web',
  'create --ipv6=x web',
  'create --ipam-driver null --ipam-opt a=b --ipam-opt c web',
  'create --subnet 10.9.0.0/16 web',
  'create --subnet 10.9.0.0/16 --ip-range 10.9.8.0/24 --gateway 10.9.8.1 --aux-address a=10.9.8.2 --aux-address b=10.9.8.3 web',
  'create --subnet x web',
  'create --subnet 10.9.0.0/33 --gateway 10.9.0.1 web',
  'create --gateway 10.9.0.1 web',
  'create --ip-range 10.9.0.0/24 web',
  'create --subnet 10.9.0.0/16 --gateway 10.8.0.1 web',
  'create --subnet 10.9.0.0/16 --gateway x web',
  'create --subnet 10.9.0.0/16 --ip-range 10.9.0.1 web',
  'create --subnet 10.9.0.0/16 --ip-range 10.8.0.0/24 web',
  'create --subnet 10.9.0.0/16 --ip-range x/24 web',
  'create --subnet 10.9.0.0/16 --aux-address a=10.8.0.1 web',
  'create --subnet 10.9.0.0/16 --aux-address a web',
  'create --subnet 10.9.0.0/16 --subnet 10.9.8.0/24 web',
  'create --subnet 10.9.8.0/24 --subnet 10.9.0.0/16 web',
  'create --subnet 10.9.8.0/24,x web',
  'create --subnet "10.9.8.0/24 web',
  'create --subnet 10.9.0.0/24,10.9.1.0/24 --gateway 10.9.0.1,10.9.0.2 web',
  'create --subnet 10.9.0.0/24,10.9.1.0/24 --ip-range 10.9.0.0/25,10.9.0.0/26 web',
  'create --ipv6 --subnet fd00:9::/64 --gateway fd00:9::1 --ip-range fd00:9::/80 web',
  'create --label =x web',
  'create --nosuch web',
  'rm web data',
  'remove -f web',
  'rm',
  'connect web box',
  'connect --alias a,b --alias c --link db:d --link e --ip 10.0.0.9 --ip6 ::9 --link-local-ip 169.254.1.2,fe80::1 web box',
  'connect --driver-opt a=b,c=d --driver-opt e= --gw-priority -7 web box',
  'connect --driver-opt a web box',
  'connect --gw-priority x web box',
  'connect --link a:b:c web box',
  'connect web',
  'disconnect web box',
  'disconnect -f web box',
  'disconnect web',
  'prune -f',
  'prune -f --filter until=1h --filter label=a --filter label!=b=c',
  'prune -f --filter x',
  'ls x',
].map((words) => `network ${words}`);

/** In which it matters what the engine can. */
const OF_VERSIONS = [
  'create --mac-address 02-42-ac-11-00-09 busybox',
  'create --network name=web,mac-address=02:42:ac:11:00:09 --network data busybox',
  'create --network web --network data busybox',
  'network create --ipv4=false --ipv6 web',
  'network connect --gw-priority 7 web box',
  'ps --format {{.ID}}_{{.Ports}}',
  'network ls',
  'port box',
  'port box 80',
  'port box 65536',
  'port box x/udp',
  'port box 80/tcp/x',
];

/** Ports, names and addresses of many containers and networks, to see how each command tells them. */
const port = fc.record(
  {
    IP: fc.constantFrom('0.0.0.0', '::', '127.0.0.1'),
    PrivatePort: fc.integer({ min: 78, max: 86 }),
    PublicPort: fc.integer({ min: 78, max: 86 }),
    Type: fc.constantFrom('tcp', 'udp'),
  },
  { requiredKeys: ['PrivatePort', 'Type'] },
);
const published = port.map(({ IP, PublicPort, ...rest }) =>
  IP && PublicPort ? { IP, PublicPort, ...rest } : rest,
);
const isSamePort = (a: object, b: object): boolean => JSON.stringify(a) === JSON.stringify(b);
const ports = fc.uniqueArray(published, { maxLength: 9, comparator: isSamePort });
const containers = fc.sample(ports, 300).map((Ports, i) => ({
  Id: String(i).padStart(64, '0'),
  Names: [`/c${i}`],
  Image: 'busybox',
  ImageID: 'sha256:0',
  Command: 'sh',
  Created: 1,
  Ports,
  State: 'running',
  Status: 'Up',
}));
const nameOf = fc.stringMatching(/^[a-c0-2][a-c0-2_.-]{0,7}$/);
const networks = fc
  .sample(fc.uniqueArray(nameOf, { minLength: 200, maxLength: 300 }), 1)
  .flat()
  .map((Name, i) => ({ Name, Id: String(i).padStart(64, '0'), Driver: 'bridge', Scope: 'local' }));
const bindings = fc.array(
  fc.record({ HostIp: fc.constantFrom('0.0.0.0', '::'), HostPort: fc.nat(65535).map(String) }),
  { maxLength: 3 },
);
const exposed = fc.tuple(fc.nat(65535), fc.constantFrom('tcp', 'udp'));
const inspected = {
  Id: '0'.repeat(64),
  NetworkSettings: {
    Ports: Object.fromEntries(
      fc
        .sample(fc.tuple(exposed, fc.option(bindings)), 100)
        .map(([[number, kind], bound]) => [`${number}/${kind}`, bound]),
    ),
  },
};
const shown = {
  '/containers/json': containers,
  '/networks': networks,
  '/containers/box/json': inspected,
};

describe.skipIf(!isKnown)(`the same words (skipped unless docker is 28: ${version.trim()})`, () => {
  describe.each([
    ['1.47', [...OF_RUN, ...OF_NETWORK, ...OF_VERSIONS]],
    ['1.41', OF_VERSIONS],
  ])('to an engine of version %s', (engine, lines) => {
    const recorders = { docker: new Recorder(engine, shown), petri: new Recorder(engine, shown) };
    beforeAll(() => Promise.all(Object.values(recorders).map((each) => each.listen())));
    afterAll(() => Promise.all(Object.values(recorders).map((each) => each.close())));

    const compare = async (line: string) => {
      const words = line.split(' ');
      const [docker, petri] = await Promise.all(
        (['docker', 'petri'] as const).map(async (client) => {
          const { code, stdout, stderr, asked } = await recorders[client].ask(client, words);
          const said = stderr.replaceAll(client, 'docker');
          return { code, stdout, said, asked: meaning(asked) };
        }),
      );
      expect(petri).toEqual(docker);
    };
    test.each(lines)('%s', compare);
  });
});
