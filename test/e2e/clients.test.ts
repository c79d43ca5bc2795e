/** Clients that others wrote, unchanged: dockerode, testcontainers, docker-py. */
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import Docker from 'dockerode';
import { GenericContainer, Wait } from 'testcontainers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run, Supervisor } from '../support/supervisor.ts';

let petri: Supervisor;
let docker: Docker;
beforeAll(async () => {
  petri = await Supervisor.start();
  docker = new Docker({ socketPath: petri.socket });
  // testcontainers looks for its engine in the environment; its reaper is an image of a registry.
  process.env.DOCKER_HOST = `unix://${petri.socket}`;
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
});
afterAll(() => petri.remove());

describe('dockerode', () => {
  test('runs a container and reads what it printed', async () => {
    const output = new PassThrough();
    const [{ StatusCode }, container] = await docker.run(
      'busybox',
      ['sh', '-c', 'echo hello; exit 4'],
      output,
      { Tty: true },
    );
    expect(StatusCode).toBe(4);
    output.end();
    expect(await text(output)).toBe('hello\r\n');
    await container.remove();
  });

  test('creates, starts, inspects, waits and removes, by name, id and prefix', async () => {
    const created = await docker.createContainer({
      Image: 'busybox',
      name: 'rode',
      Cmd: ['sleep', '100'],
      Env: ['A=b'],
      Labels: { who: 'rode' },
    });
    await docker.getContainer('rode').start();
    for (const ref of ['rode', created.id, created.id.slice(0, 7)])
      expect((await docker.getContainer(ref).inspect()).State.Running).toBe(true);
    expect(await docker.listContainers({ filters: { label: ['who=rode'] } })).toHaveLength(1);
    expect(
      await docker.listContainers({ filters: { label: { 'who=rode': true } } as never }),
    ).toHaveLength(1);
    const exit = created.wait();
    await created.kill();
    expect(await exit).toMatchObject({ StatusCode: 137 });
    await created.remove();
    await expect(created.inspect()).rejects.toMatchObject({ statusCode: 404 });
  });

  test('attaches, types, half-closes, and gets streams apart', async () => {
    const container = await docker.createContainer({
      Image: 'busybox',
      Cmd: ['sh', '-c', 'cat; echo done >&2'],
      OpenStdin: true,
      StdinOnce: true,
      AttachStdin: true,
    });
    const stream = await container.attach({
      stream: true,
      stdin: true,
      stdout: true,
      stderr: true,
      hijack: true,
    });
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    container.modem.demuxStream(stream, stdout, stderr);
    stream.on('end', () => {
      stdout.end();
      stderr.end();
    });
    await container.start();
    stream.write('typed\n');
    stream.end();
    expect(await Promise.all([text(stdout), text(stderr)])).toEqual(['typed\n', 'done\n']);
    await container.remove({ force: true });
  });

  test('has every log line once wait has returned, and follow ends with the container', async () => {
    const container = await docker.createContainer({
      Image: 'busybox',
      Cmd: ['sh', '-c', 'for i in $(seq 500); do echo $i; done'],
      Tty: true,
    });
    await container.start();
    const followed = await container.logs({ follow: true, stdout: true, stderr: true });
    expect((await text(followed)).trim().split('\r\n')).toHaveLength(500);
    await container.wait();
    expect((await container.logs({ stdout: true })).toString().trim().split('\r\n')).toHaveLength(
      500,
    );
    await container.remove();
  });
});

describe('testcontainers', () => {
  test('starts a container, waits for its log, stops it', async () => {
    const started = await new GenericContainer('busybox')
      .withCommand(['sh', '-c', 'echo ready; exec sleep 100'])
      .withEnvironment({ COLOR: 'blue' })
      .withWaitStrategy(Wait.forLogMessage('ready'))
      .start();
    expect((await docker.getContainer(started.getId()).inspect()).Config.Env).toContain(
      'COLOR=blue',
    );
    await started.stop();
    await expect(docker.getContainer(started.getId()).inspect()).rejects.toMatchObject({
      statusCode: 404,
    });
  });
});

const PYTHON = `
import docker
client = docker.from_env()
assert client.ping()
assert client.containers.run('busybox', 'echo from python', remove=True) == b'from python\\n'
container = client.containers.run('busybox', 'sleep 100', detach=True, name='snake')
container.reload()
assert container.status == 'running', container.status
assert [each.name for each in client.containers.list(filters={'name': 'snake'})] == ['snake']
container.stop(timeout=0)
assert container.wait()['StatusCode'] == 137
container.remove()
try:
    client.containers.run('busybox', ['sh', '-c', 'echo oops >&2; exit 3'], remove=True)
    raise SystemExit('no error')
except docker.errors.ContainerError as error:
    assert error.exit_status == 3 and error.stderr == b'oops\\n', error
print('good')
`;

/** Where Debian's package belongs; another python3 may come first in the path. */
const PYTHON_PATH = '/usr/bin/python3';

const hasPython = (await run(PYTHON_PATH, ['-c', 'import docker'])).code === 0;

describe.skipIf(!hasPython)('docker-py (skipped without the package python3-docker)', () => {
  test('runs, lists, stops, removes, and raises what it should', async () => {
    const ran = await run(PYTHON_PATH, ['-c', PYTHON], { DOCKER_HOST: `unix://${petri.socket}` });
    expect(ran).toMatchObject({ code: 0, stdout: 'good\n' });
  });
});

/** docker-py attaches by websocket over TCP alone; this is what it does, over the socket. */
const PYTHON_WEBSOCKET = `
import docker, os, socket, websocket
client = docker.from_env()
container = client.containers.create('busybox', 'cat', stdin_open=True)
path = os.environ['DOCKER_HOST'][len('unix://'):]
def attach(**options):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    url = 'ws://localhost/v1.43/containers/%s/attach/ws?stream=1&stdin=1&stdout=1' % container.id
    return websocket.create_connection(url, socket=connection, **options)
try:
    attach()
    raise SystemExit('a web page could attach')
except websocket.WebSocketBadStatusException as error:
    assert error.status_code == 403, error
ws = attach(suppress_origin=True)
container.start()
ws.send_binary(b'over the web\\n')
opcode, data = ws.recv_data()
assert (opcode, data) == (websocket.ABNF.OPCODE_BINARY, b'over the web\\n'), (opcode, data)
container.kill()
opcode, data = ws.recv_data()
assert opcode == websocket.ABNF.OPCODE_CLOSE, (opcode, data)
container.remove(force=True)
print('good')
`;
const hasWebsocket = (await run(PYTHON_PATH, ['-c', 'import docker, websocket'])).code === 0;

describe.skipIf(!hasWebsocket)('websocket-client (skipped without python3-websocket)', () => {
  test('attaches, sends and is sent, and is told the end', async () => {
    const environment = { DOCKER_HOST: `unix://${petri.socket}` };
    const ran = await run(PYTHON_PATH, ['-c', PYTHON_WEBSOCKET], environment);
    expect(ran).toMatchObject({ code: 0, stdout: 'good\n' });
  });
});
