/**
 * Bad input to every endpoint: the table of routes is walked, so a new one is covered. Each answer is JSON with a message,
 * none is a fault of the engine (5xx; 501 says that something is not built), and after each group everything is as it was.
 */
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { sendRaw } from '../support/api.ts';
import {
  endpoints,
  keyOf,
  type Names,
  pathNaming,
  pathOf,
  undescribed,
} from '../support/endpoints.ts';
import { fullCreateBody, wrongTypes } from '../support/full-body.ts';
import {
  badContainerNames,
  badJson,
  badNames,
  badQueries,
  badReferences,
  badSignals,
  notAnObject,
} from '../support/hostile.ts';
import { Supervisor } from '../support/supervisor.ts';
import { expectUnchanged, type Witness, witness } from '../support/witness.ts';

let engine: Supervisor;
let names: Names;
let before: Witness;

beforeAll(async () => {
  engine = await Supervisor.start();
  const sleeper = {
    Image: 'busybox',
    Cmd: ['sleep', '100000'],
    HostConfig: { NetworkMode: 'none' },
  };
  for (const name of ['runs', 'paused', 'made', 'ended']) await made(name, sleeper);
  for (const name of ['runs', 'paused', 'ended']) await done('POST', `/containers/${name}/start`);
  await done('POST', '/containers/paused/pause');
  await done('POST', '/containers/ended/kill');
  await done('POST', '/containers/ended/wait');
  const { Id } = await done('POST', '/containers/runs/exec', { Cmd: ['true'] });
  names = { container: 'runs', exec: Id as string, image: 'busybox' };
});
afterAll(() => engine.remove());
beforeEach(async () => {
  before = await witness(engine);
});
afterEach(() => expectUnchanged(engine, before));

async function done(method: string, path: string, body?: object): Promise<{ Id?: string }> {
  const { status, text } = await engine.api(method, path, body);
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
  return text ? (JSON.parse(text) as { Id?: string }) : {};
}

const made = (name: string, body: object) => done('POST', `/containers/create?name=${name}`, body);

interface Told {
  status: number;
  message: string;
}

/** Sends bytes, and reads the one answer: a status, and JSON with a message or nothing (a HEAD). */
async function send(bytes: string | Buffer): Promise<Told> {
  const { status, body, headers } = await sendRaw(engine.socket, bytes);
  const isJson = headers['content-type']?.startsWith('application/json');
  const { message = '' } = (isJson && body ? JSON.parse(body) : {}) as Partial<Told>;
  return { status, message };
}

const type = 'Content-Type: application/json\r\n';

function request(
  method: string,
  path: string,
  body: string | Buffer = '',
  headers = type,
): Promise<Told> {
  const bytes = Buffer.from(body as string);
  const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}Content-Length: ${bytes.length}\r\n\r\n`;
  return send(Buffer.concat([Buffer.from(head), bytes]));
}

/** All that go wrong, told together: one line each. */
async function each<T>(
  cases: Iterable<T>,
  name: (one: T) => string,
  ask: (one: T) => Promise<Told>,
  isRight: (told: Told) => boolean,
): Promise<void> {
  const wrong: string[] = [];
  let count = 0;
  for (const one of cases) {
    const told = await ask(one);
    count += 1;
    if (!isRight(told) || !isTold(told)) wrong.push(`${name(one)}: ${told.status} ${told.message}`);
  }
  expect(count).toBeGreaterThan(0);
  expect(wrong).toEqual([]);
}

/** It says something, and nothing of the engine's own insides. */
function isTold({ message }: Told): boolean {
  return !/\n {4}at |\.ts:|\.mjs:|undefined|\[object/.test(message);
}

const refused = ({ status, message }: Told) => status === 400 && message !== '';
/** Not the engine's fault, whatever it is. */
const clean = (told: Told) =>
  (told.status >= 200 && told.status < 500) || told.status === 501 || isUnreachable(told);
/** Docker's 500 for a registry that does not answer. */
const isUnreachable = ({ status, message }: Told) => status === 500 && /dial tcp/.test(message);
const short = (value: unknown) => JSON.stringify(String(value).slice(0, 60));

const built = endpoints.filter(({ state }) => state !== 'missing');
const missing = endpoints.filter(({ state }) => state === 'missing');
const withBody = built.filter(({ body }) => body !== undefined);
const named = endpoints.filter(({ pattern }) => pattern.includes('{'));

function pairs<A, B>(left: readonly A[], right: readonly B[]): [A, B][] {
  return left.flatMap((a) => right.map((b): [A, B] => [a, b]));
}

test('every endpoint that answers is described', () => {
  expect(undescribed).toEqual([]);
});

describe('bodies', () => {
  it('that are not one strict JSON value are refused by all that read one', () =>
    each(
      pairs(withBody, badJson),
      ([endpoint, [name]]) => `${keyOf(endpoint)}, ${name}`,
      ([endpoint, [, bytes]]) => request(endpoint.method, pathOf(endpoint, names), bytes),
      refused,
    ));

  it('that are not an object are refused by all that read one', () =>
    each(
      pairs(
        withBody.filter(({ pattern }) => pattern !== '/containers/{id}/start'),
        notAnObject,
      ),
      ([endpoint, text]) => `${keyOf(endpoint)}, ${text}`,
      ([endpoint, text]) => request(endpoint.method, pathOf(endpoint, names), text),
      refused,
    ));

  it.each(['text/plain', 'application/jsonx', 'multipart/form-data; boundary=x', 'json', ''])(
    'of the type %j are refused by all that read one',
    (contentType) =>
      each(
        withBody,
        keyOf,
        (endpoint) =>
          request(
            endpoint.method,
            pathOf(endpoint, names),
            JSON.stringify(endpoint.body),
            `Content-Type: ${contentType}\r\n`,
          ),
        refused,
      ),
  );

  it('of whatever kind are no fault where nothing is called so', () =>
    each(
      pairs(endpoints, badJson),
      ([endpoint, [name]]) => `${keyOf(endpoint)}, ${name}`,
      ([endpoint, [, bytes]]) =>
        request(endpoint.method, pathNaming(endpoint, 'nothing-is-called-so'), bytes),
      clean,
    ));
});

describe('fields of create', () => {
  it('of each wrong type are refused by name', () =>
    each(
      wrongTypes(fullCreateBody),
      ({ path, value }) => `${path.join('.')} = ${JSON.stringify(value)}`,
      async ({ body, path }) => {
        const told = await request('POST', '/containers/create', JSON.stringify(body));
        const field = path.filter((part) => !/^\d+$/.test(part))[0] ?? '';
        return told.message.includes(field) ? told : { ...told, status: 0 };
      },
      refused,
    ));

  it.each<[string, object, RegExp]>([
    ['memory below 6 MB', { Memory: 1024 }, /Minimum memory limit allowed is 6MB/],
    ['negative memory', { Memory: -1 }, /Memory/],
    ['a fraction of a byte', { Memory: 1e7 + 0.5 }, /Memory/],
    ['swap below memory', { Memory: 2e7, MemorySwap: 1e7 }, /memoryswap/],
    ['swap without memory', { MemorySwap: 1e7 }, /Memory limit/],
    ['a reservation above the limit', { Memory: 1e7, MemoryReservation: 2e7 }, /reservation/],
    ['negative CPUs', { NanoCpus: -1 }, /NanoCpus/],
    ['more CPUs than there are', { NanoCpus: 1e15 }, /Range of CPUs/],
    ['a quota below a millisecond', { CpuQuota: 1 }, /quota/],
    ['a period above a second', { CpuPeriod: 1e7 }, /period/],
    ['two ways to say CPUs', { NanoCpus: 1e9, CpuPeriod: 1e5 }, /Conflicting options/],
    ['a CPU that is not there', { CpusetCpus: '0,4096' }, /not available/],
    ['a CPU list that is none', { CpusetCpus: '0-' }, /cpuset cpus/],
    ['a CPU list backwards', { CpusetCpus: '1-0' }, /cpuset cpus/],
    ['memory nodes that are none', { CpusetMems: 'x' }, /cpuset mems/],
    ['fewer processes than none', { PidsLimit: -2 }, /PidsLimit/],
    ['more processes than pids', { PidsLimit: 4194305 }, /PidsLimit/],
    ['a score out of range', { OomScoreAdj: 1001 }, /OomScoreAdj/],
    ['a block weight out of range', { BlkioWeight: 1001 }, /BlkioWeight/],
    ['swappiness out of range', { MemorySwappiness: 101 }, /MemorySwappiness/],
    ['a negative /dev/shm', { ShmSize: -1 }, /ShmSize/],
    ['an unknown ulimit', { Ulimits: [{ Name: 'bogus', Soft: 1, Hard: 1 }] }, /ulimit/i],
    ['a soft ulimit above the hard', { Ulimits: [{ Name: 'nofile', Soft: 9, Hard: 1 }] }, /ulimit/],
    ['an unknown capability', { CapAdd: ['BOGUS'] }, /CAP_BOGUS/],
    ['a sysctl of the host', { Sysctls: { 'kernel.panic': '1' } }, /kernel\.panic/],
    ['a sysctl that climbs', { Sysctls: { 'net/../../x': '1' } }, /sysctl/],
    ['an unknown restart policy', { RestartPolicy: { Name: 'bogus' } }, /restart policy/],
    [
      'a negative retry count',
      { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: -1 } },
      /retry/,
    ],
    ['a policy and --rm', { AutoRemove: true, RestartPolicy: { Name: 'always' } }, /AutoRemove/],
    ['an unknown security option', { SecurityOpt: ['bogus'] }, /security-opt/],
    [
      'an unknown log driver',
      { LogConfig: { Type: 'bogus' } },
      /logger: no log driver named 'bogus' is registered/,
    ],
    [
      'an unknown log option',
      { LogConfig: { Type: 'json-file', Config: { bogus: '1' } } },
      /bogus/,
    ],
    [
      'a log size that is none',
      { LogConfig: { Type: 'json-file', Config: { 'max-size': 'x' } } },
      /max-size/,
    ],
    ['no log file', { LogConfig: { Type: 'json-file', Config: { 'max-file': '0' } } }, /max-file/],
    ['an IPC mode that is none', { IpcMode: 'bogus' }, /IPC|ipc/i],
    ['a PID mode that is none', { PidMode: 'bogus' }, /PID|pid/i],
    ['a UTS mode that is none', { UTSMode: 'bogus' }, /UTS|uts/i],
    ['a cgroup namespace that is none', { CgroupnsMode: 'bogus' }, /CgroupnsMode/],
    ['a container that is not there', { PidMode: 'container:nosuch' }, /nosuch/],
    ['an extra host without address', { ExtraHosts: ['x'] }, /ExtraHosts|extra|host/i],
    ['a name server that is none', { Dns: ['x'] }, /dns/i],
    ['device rights that are none', { DeviceCgroupRules: ['x'] }, /device/i],
    ['a relative bind', { Binds: ['a/b:/c'] }, /a\/b/],
    ['a bind to a relative path', { Binds: ['/tmp:c'] }, /'?c'?/],
    ['a bind on /', { Binds: ['/tmp:/'] }, /'\/'|destination/],
    ['a bind with an unknown option', { Binds: ['/tmp:/c:bogus'] }, /bogus/],
    ['a bind with too many parts', { Binds: ['/tmp:/c:ro:x:y'] }, /:x:y/],
    ['two mounts on one place', { Binds: ['/tmp:/c', '/var:/c/'] }, /\/c/],
    [
      'a mount of what is not there',
      { Mounts: [{ Type: 'bind', Source: '/nosuch', Target: '/c' }] },
      /\/nosuch/,
    ],
    ['a mount of no type', { Mounts: [{ Type: 'bogus', Target: '/c' }] }, /bogus|type/],
    ['a mount without a target', { Mounts: [{ Type: 'tmpfs' }] }, /target|Target/],
    ['a tmpfs on a relative path', { Tmpfs: { c: '' } }, /c/],
    ['a tmpfs with an unknown option', { Tmpfs: { '/c': 'bogus=1' } }, /bogus/],
    ['a weight of nothing', { BlkioWeight: 5 }, /Range of blkio weight is from 10 to 1000/],
    [
      'a throttle of what is no block device',
      { BlkioDeviceReadBps: [{ Path: '/dev/null', Rate: 1 }] },
      /not a block device/,
    ],
    ['a parent group that climbs', { CgroupParent: '/a/../..' }, /cgroup-parent/],
    ['a slice of systemd', { CgroupParent: 'a.slice' }, /should be a valid slice named as/],
    ['an unknown user namespace', { UsernsMode: 'bogus' }, /userns|UsernsMode/i],
  ])('%s', async (_name, HostConfig, words) => {
    const body = { Image: 'busybox', HostConfig };
    const told = await request('POST', '/containers/create', JSON.stringify(body));
    expect([400, 501]).toContain(told.status);
    expect(told.message).toMatch(words);
  });

  it.each<[string, object, RegExp]>([
    ['a NUL in the program', { Cmd: ['a\0b'] }, /Cmd/],
    ['a NUL in the environment', { Env: ['A=\0'] }, /Env/],
    ['a variable without a name', { Env: ['=x'] }, /Env|environment/],
    ['a relative working directory', { WorkingDir: 'a' }, /absolute/],
    ['a host name of 65 letters', { Hostname: 'a'.repeat(65) }, /[Hh]ostname/],
    ['a host name with a blank', { Hostname: 'a b' }, /host name/],
    ['an unknown signal to stop', { StopSignal: 'SIGFOO' }, /SIGFOO/],
    ['a negative time to stop', { StopTimeout: -2 }, /StopTimeout/],
    ['a health check faster than 1 ms', { Healthcheck: { Interval: 5 } }, /Interval/],
    ['a health check of no kind', { Healthcheck: { Test: ['BOGUS', 'x'] } }, /[Hh]ealth/],
    ['a port above 65535', { ExposedPorts: { '65536/tcp': {} } }, /65536/],
    ['a port that is none', { ExposedPorts: { 'x/tcp': {} } }, /x/],
    ['a protocol that is none', { ExposedPorts: { '80/bogus': {} } }, /bogus/],
    ['port 0', { ExposedPorts: { '0/tcp': {} } }, /0/],
  ])('%s', async (_name, config, words) => {
    const told = await request(
      'POST',
      '/containers/create',
      JSON.stringify({ Image: 'busybox', ...config }),
    );
    expect([400, 501]).toContain(told.status);
    expect(told.message).toMatch(words);
  });
});

describe('names', () => {
  it('in the path that nothing has, however they are written', () =>
    each(
      pairs(
        named.filter(({ pattern }) => !pattern.includes('*}')),
        badNames,
      ),
      ([endpoint, name]) => `${endpoint.method} ${pathNaming(endpoint, name).slice(0, 80)}`,
      ([endpoint, name]) =>
        request(endpoint.method, pathNaming(endpoint, name), JSON.stringify(endpoint.body ?? '')),
      ({ status }) => [400, 404, 431].includes(status) || status === 501,
    ));

  it('of images that no grammar allows', () =>
    each(
      pairs(
        endpoints.filter(({ pattern }) => pattern.includes('{name*}')),
        [...badNames, ...badReferences.map(encodeURIComponent)],
      ),
      ([endpoint, name]) => `${endpoint.method} ${pathNaming(endpoint, name).slice(0, 80)}`,
      ([endpoint, name]) => request(endpoint.method, pathNaming(endpoint, name)),
      (told) => [400, 404, 431, 501].includes(told.status) || isUnreachable(told),
    ));

  it('for a new container or an old one', () =>
    each(
      pairs(['/containers/create', '/containers/runs/rename'], badContainerNames),
      ([path, name]) => `${path} ${short(name)}`,
      ([path, name]) =>
        request(
          'POST',
          `${path}?name=${encodeURIComponent(name)}`,
          path.endsWith('create') ? '{"Image":"busybox"}' : '',
        ),
      refused,
    ));

  it('of an image to run', () =>
    each(
      badReferences,
      short,
      (Image) => request('POST', '/containers/create', JSON.stringify({ Image })),
      refused,
    ));

  it.each(['-x', 'a b', 'a/b', 'a:b', 't'.repeat(129), '\u0430', '../x'])(
    'of a tag: %j',
    async (tag) => {
      const text = encodeURIComponent(tag);
      for (const path of [
        `/images/busybox/tag?repo=x&tag=${text}`,
        `/commit?container=runs&repo=x&tag=${text}`,
      ])
        expect(await request('POST', path)).toMatchObject({ status: 400 });
    },
  );
});

describe('queries', () => {
  const parameters = built.flatMap((endpoint) =>
    Object.entries(endpoint.query).flatMap(([name, kind]) =>
      badQueries[kind].map((value) => ({ endpoint, name, value })),
    ),
  );

  it('with a value that the parameter cannot have are refused', () =>
    each(
      parameters,
      ({ endpoint, name, value }) => `${keyOf(endpoint)} ${name}=${short(value)}`,
      ({ endpoint, name, value }) =>
        request(
          endpoint.method,
          pathOf(endpoint, names, { [name]: value }),
          endpoint.body ? JSON.stringify(endpoint.body) : '',
        ),
      // A HEAD has no message; an image is looked for before its new name.
      ({ status }) => status === 400,
    ));

  it('of another version are refused with the range that is spoken', () =>
    each(
      pairs(endpoints, ['0.1', '1.0', '1.23', '1.48', '9.99', '99999999999999999999.1']),
      ([endpoint, version]) => `${keyOf(endpoint)} of ${version}`,
      ([endpoint, version]) =>
        request(endpoint.method, `/v${version}${pathNaming(endpoint, 'nosuch')}`),
      ({ status, message }) =>
        status === 400 &&
        (message === '' || /(Maximum|Minimum) supported API version is 1\.\d+/.test(message)),
    ));

  it('of no version are no path', () =>
    each(
      pairs(endpoints, ['/vX', '/v', '/v1.', '/v1.47/v1.47', '/V1.47', '//']),
      ([endpoint, prefix]) => `${prefix} ${keyOf(endpoint)}`,
      ([endpoint, prefix]) => request(endpoint.method, prefix + pathNaming(endpoint, 'nosuch')),
      ({ status }) => status === 404,
    ));

  it('with a signal that there is not', () =>
    each(
      pairs(['kill', 'stop', 'restart'], badSignals),
      ([verb, signal]) => `${verb} ${short(signal)}`,
      ([verb, signal]) =>
        request('POST', `/containers/runs/${verb}?signal=${encodeURIComponent(signal)}`),
      refused,
    ));
});

describe('states', () => {
  it.each<[string, string, number]>([
    ['POST', '/containers/runs/start', 304],
    ['POST', '/containers/paused/start', 409],
    ['POST', '/containers/paused/pause', 409],
    ['POST', '/containers/made/pause', 409],
    ['POST', '/containers/ended/pause', 409],
    ['POST', '/containers/runs/unpause', 409],
    ['POST', '/containers/made/unpause', 409],
    ['POST', '/containers/made/stop', 304],
    ['POST', '/containers/ended/stop', 304],
    ['POST', '/containers/made/kill', 409],
    ['POST', '/containers/ended/kill', 409],
    ['POST', '/containers/made/exec', 409],
    ['POST', '/containers/ended/exec', 409],
    ['POST', '/containers/paused/exec', 409],
    ['POST', '/containers/paused/attach?stream=1', 409],
    ['GET', '/containers/made/top', 409],
    ['GET', '/containers/ended/top', 409],
    ['DELETE', '/containers/runs', 409],
    ['DELETE', '/containers/paused', 409],
    ['DELETE', '/images/busybox', 409],
    ['POST', '/containers/runs/rename?name=made', 409],
    ['POST', '/containers/runs/rename?name=/made', 409],
    ['POST', '/containers/create?name=runs', 409],
  ])('%s %s is %i', async (method, path, status) => {
    const body = path.endsWith('/exec') ? '{"Cmd":["true"]}' : '{"Image":"busybox"}';
    const hasBody = /exec$|create/.test(path);
    expect(await request(method, path, hasBody ? body : '')).toMatchObject({ status });
  });
});

describe('programs that cannot be started', () => {
  const many = (count: number, make: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => make(i));
  const elf = Buffer.alloc(64);
  elf.write('\x7fELF\x02\x01\x01', 'latin1');
  elf.writeUInt16LE(2, 16);
  elf.writeUInt16LE(0xf3, 18); // RISC-V
  const file = (name: string, text: string | Buffer, mode: number) => {
    const path = join(engine.root, name);
    writeFileSync(path, text, { mode });
    chmodSync(path, mode);
    return [`${path}:/${name}:ro`];
  };

  it.each<
    [
      string,
      () => { Cmd: string[]; Env?: string[]; Binds?: string[]; WorkingDir?: string },
      number,
      RegExp,
    ]
  >([
    ['is not there', () => ({ Cmd: ['nosuch'] }), 127, /executable file not found in \$PATH/],
    ['path is not there', () => ({ Cmd: ['/no/such'] }), 127, /no such file or directory/],
    ['below a file', () => ({ Cmd: ['/etc/passwd/x'] }), 127, /not a directory/],
    ['a folder', () => ({ Cmd: ['/etc'] }), 126, /permission denied/],
    [
      'may not be executed',
      () => ({ Cmd: ['/plain'], Binds: file('plain', 'x', 0o644) }),
      126,
      /permission denied/,
    ],
    [
      'no format that the kernel knows',
      () => ({ Cmd: ['/odd'], Binds: file('odd', 'x', 0o755) }),
      126,
      /exec format error/,
    ],
    [
      'for another machine',
      () => ({ Cmd: ['/other'], Binds: file('other', elf, 0o755) }),
      126,
      /exec format error/,
    ],
    [
      'a script without its interpreter',
      () => ({ Cmd: ['/script'], Binds: file('script', '#!/no/such\n', 0o755) }),
      127,
      /no such file or directory/,
    ],
    [
      'an argument of 2 MiB',
      () => ({ Cmd: ['echo', 'x'.repeat(2 << 20)] }),
      126,
      /argument list too long/,
    ],
    [
      'arguments of 6 MiB',
      () => ({ Cmd: ['echo', ...many(60_000, () => 'x'.repeat(100))] }),
      126,
      /argument list too long/,
    ],
    [
      'a file on a folder',
      () => ({ Cmd: ['true'], Binds: ['/etc/passwd:/etc:ro'] }),
      128,
      /a folder can be mounted on a folder only/,
    ],
    [
      'a file as working directory',
      () => ({ Cmd: ['true'], WorkingDir: '/etc/passwd' }),
      127,
      /not a directory/,
    ],
  ])('%s: 400, and the exit code in the state', async (_name, make, exitCode, words) => {
    const { Binds = [], ...config } = make();
    const body = { Image: 'busybox', ...config, HostConfig: { Binds, NetworkMode: 'none' } };
    const { Id } = await made('unstartable', body);
    const told = await request('POST', `/containers/${Id}/start`);
    const { text } = await engine.api('GET', `/containers/${Id}/json`);
    await done('DELETE', `/containers/${Id}`);
    expect(told).toMatchObject({ status: 400, message: expect.stringMatching(words) });
    expect(JSON.parse(text).State).toMatchObject({ Status: 'created', ExitCode: exitCode });
  });

  it.each<[string, () => object, RegExp]>([
    ['ten thousand binds', () => ({ Binds: many(10_000, (i) => `/tmp:/m${i}`) }), /mount|steps/],
    [
      'ten thousand tmpfs',
      () => ({
        Tmpfs: Object.fromEntries(many(10_000, (i) => `/m${i}`).map((path) => [path, ''])),
      }),
      /mount|steps/,
    ],
    [
      'ten thousand devices',
      () => ({
        Devices: many(10_000, (i) => `/dev/x${i}`).map((PathInContainer) => ({
          PathOnHost: '/dev/null',
          PathInContainer,
          CgroupPermissions: 'r',
        })),
      }),
      /device|steps/,
    ],
    [
      'all files of the host as devices',
      () => ({
        Devices: [{ PathOnHost: '/', PathInContainer: '/dev/all', CgroupPermissions: 'r' }],
      }),
      /more than \d+ files/,
    ],
  ])('%s are refused at create or at start', async (_name, make, words) => {
    const body = JSON.stringify({
      Image: 'busybox',
      HostConfig: { NetworkMode: 'none', ...make() },
    });
    let told = await request('POST', '/containers/create?name=crowded', body);
    if (told.status === 201) {
      told = await request('POST', '/containers/crowded/start');
      await done('DELETE', '/containers/crowded');
    }
    expect(told).toMatchObject({ status: 400, message: expect.stringMatching(words) });
  });

  it('ten thousand variables are no problem', async () => {
    const Env = many(10_000, (i) => `V${i}=${i}`);
    const body = { Image: 'busybox', Env, Cmd: ['true'], HostConfig: { NetworkMode: 'none' } };
    const { Id } = await made('rich', body);
    await done('POST', `/containers/${Id}/start`);
    await done('DELETE', `/containers/${Id}?force=1`);
  });
});

describe('what is not HTTP', () => {
  const post = (path: string, headers: string, body = '') =>
    `POST ${path} HTTP/1.1\r\nHost: x\r\n${type}${headers}\r\n${body}`;
  const smuggled = 'POST /containers/made/start HTTP/1.1\r\nHost: x\r\n\r\n';

  it.each<[string, (path: string) => string]>([
    [
      'both lengths',
      (path) =>
        post(path, 'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${smuggled}`),
    ],
    [
      'both lengths, the other way',
      (path) =>
        post(path, 'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', `0\r\n\r\n${smuggled}`),
    ],
    ['two lengths', (path) => post(path, 'Content-Length: 2\r\nContent-Length: 3\r\n', '{}')],
    ['a negative length', (path) => post(path, 'Content-Length: -1\r\n', '{}')],
    ['a length with a plus', (path) => post(path, 'Content-Length: +2\r\n', '{}')],
    ['a length in hex', (path) => post(path, 'Content-Length: 0x2\r\n', '{}')],
    ['an unknown coding', (path) => post(path, 'Transfer-Encoding: gzip\r\n', '{}')],
    [
      'a coding before chunked',
      (path) => post(path, 'Transfer-Encoding: identity, gzip\r\n', '{}'),
    ],
    ['a bare line feed', (path) => `POST ${path} HTTP/1.1\nHost: x\n\n`],
    ['a folded header', (path) => `POST ${path} HTTP/1.1\r\nHost: x\r\nA: b\r\n c\0: d\r\n\r\n`],
    ['a blank before the colon', (path) => `POST ${path} HTTP/1.1\r\nHost : x\r\n\r\n`],
    ['a NUL in a header', (path) => `POST ${path} HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n`],
    ['no host', (path) => `POST ${path} HTTP/1.1\r\n\r\n`],
    ['an unknown verb', (path) => `FROB ${path} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['HTTP/0.9', (path) => `GET ${path}\r\n\r\n`],
    ['HTTP/2 without TLS', (path) => `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${path}`],
    ['a path that is none', (path) => `POST ${path.slice(1)} HTTP/1.1\r\nHost: x\r\n\r\n`],
  ])('%s: each endpoint answers 400 and closes', (_name, bytesFor) =>
    each(
      endpoints,
      keyOf,
      (endpoint) => send(bytesFor(pathNaming(endpoint, 'made'))),
      ({ status }) => status === 400,
    ),
  );

  it('a chunk that is none: 400 to all that read a body, one answer to the others', async () => {
    const bytesTo = (path: string) =>
      post(path, 'Transfer-Encoding: chunked\r\n', `zz\r\n{}\r\n0\r\n\r\n${smuggled}`);
    await each(withBody, keyOf, (endpoint) => send(bytesTo(pathOf(endpoint, names))), refused);
    await each(endpoints, keyOf, (one) => send(bytesTo(pathNaming(one, 'nosuch'))), clean);
  });

  it('a head of more than 16 KiB is 431', () =>
    each(
      endpoints,
      keyOf,
      (endpoint) =>
        send(
          `${endpoint.method} ${pathNaming(endpoint, 'x')} HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(32 << 10)}\r\n\r\n`,
        ),
      ({ status }) => status === 431,
    ));

  it('a body of more than 8 MiB is 413 to all that read one', () =>
    each(
      withBody,
      keyOf,
      (endpoint) => send(post(pathOf(endpoint, names), 'Content-Length: 8388609\r\n', '{')),
      ({ status }) => status === 413,
    ));

  it('an offer to upgrade with a body that never comes, or with both lengths', () =>
    each(
      endpoints.filter(({ hijack }) => hijack),
      keyOf,
      (endpoint) =>
        send(
          `${endpoint.method} ${pathNaming(endpoint, 'nosuch')} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nTransfer-Encoding: chunked\r\n\r\n`,
        ),
      refused,
    ));

  it('clients that leave in the middle of a head, a body, or an answer', async () => {
    const parts = endpoints.flatMap((endpoint) => {
      const head = `${endpoint.method} ${pathNaming(endpoint, 'nosuch')} HTTP/1.1\r\nHost: x\r\n`;
      return [head, `${head}${type}Content-Length: 100\r\n\r\n{`, `${head}\r\n`];
    });
    for (const part of parts) {
      const socket = createConnection(engine.socket);
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.write(part, () => socket.destroy());
      await once(socket, 'close');
    }
  });
});

describe('streams', () => {
  it('a terminal of no size, or of more than there is', () =>
    each(
      pairs(
        ['/containers/runs/resize', `/exec/EXEC/resize`],
        ['h=-1&w=1', 'h=65536&w=1', 'h=1', ''],
      ),
      ([path, query]) => `${path}?${query}`,
      ([path, query]) => request('POST', `${path.replace('EXEC', names.exec)}?${query}`),
      refused,
    ));

  // The engine learns that a client has gone when its program writes, or ends.
  it('clients that close while the connection is handed over, or send frames that are none', async () => {
    const program = {
      Image: 'busybox',
      Cmd: ['cat'],
      OpenStdin: true,
      HostConfig: { NetworkMode: 'none' },
    };
    const { Id } = await made('brief', program);
    await done('POST', '/containers/brief/start');
    for (let i = 0; i < 60; i++) {
      const socket = createConnection({ path: engine.socket, allowHalfOpen: true });
      socket.on('error', () => undefined);
      socket.write(
        `POST /containers/${Id}/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
      );
      if (i % 3) await once(socket, 'data');
      if (i % 3 === 2) socket.end(Buffer.from([9, 9, 9, 9, 255, 255, 255, 255]));
      socket.destroy();
    }
    expect(await engine.api('GET', `/containers/${Id}/json`)).toMatchObject({
      status: 200,
      text: expect.stringContaining('"Running":true'),
    });
    await done('DELETE', `/containers/${Id}?force=1`);
  });
});

it('what is not built says so, or that it is bad', () =>
  each(
    missing,
    keyOf,
    (endpoint) => request(endpoint.method, pathNaming(endpoint, 'nosuch')),
    ({ status, message }) => status === 501 && message !== '',
  ));
