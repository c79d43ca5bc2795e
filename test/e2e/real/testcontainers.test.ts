/** testcontainers, unchanged, with real servers: it waits for their published ports and joins them on networks by alias. */
import { GenericContainer, Network, Wait } from 'testcontainers';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { loadServices, servers } from '../../support/services.ts';
import { Supervisor } from '../../support/supervisor.ts';

let petri: Supervisor;
beforeAll(async () => {
  petri = await Supervisor.start();
  await loadServices(petri);
  // It looks for its engine in the environment; its reaper is an image of a registry.
  process.env.DOCKER_HOST = `unix://${petri.socket}`;
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
});
afterAll(() => petri.remove());

const started: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (let last = started.pop(); last; last = started.pop()) await last.stop();
});

/** Starts it, and stops it after the test. */
async function start<T extends { stop(): Promise<unknown> }>(what: {
  start(): Promise<T>;
}): Promise<T> {
  const running = await what.start();
  started.push(running);
  return running;
}

const serving = (line: string) => new GenericContainer('services').withCommand(['sh', '-c', line]);
const waiting = () => serving('exec sleep 1000');

test('waits until the published port is listened on, outside and inside, or until it answers', async () => {
  const web = await start(serving(`sleep 0.5; ${servers.nginx}`).withExposedPorts(80));
  const url = `http://${web.getHost()}:${web.getMappedPort(80)}/`;
  expect((await fetch(url)).status).toBe(200);

  const port = await freePort();
  const fixed = serving(servers.nginx)
    .withExposedPorts({ container: 80, host: port })
    .withWaitStrategy(Wait.forHttp('/', 80).forStatusCode(200));
  expect((await start(fixed)).getMappedPort(80)).toBe(port);
});

test('a port that nobody listens on: the start fails, and the container goes', async () => {
  const silent = waiting().withExposedPorts(80).withStartupTimeout(1000);
  await expect(silent.start()).rejects.toThrow(/[Pp]ort .*not bound after 1000ms/);
  expect((await petri.docker('ps', '-q')).stdout).toBe('');
});

test('networks: found by alias and by name on the shared one, not found from another', async () => {
  const [shared, other] = [await start(new Network()), await start(new Network())];
  const cache = serving(servers.redis)
    .withName('cache')
    .withNetwork(shared)
    .withNetworkAliases('store', 'memory')
    .withExposedPorts(6379);
  await start(cache);
  const near = await start(waiting().withNetwork(shared));
  const far = await start(waiting().withNetwork(other));
  for (const name of ['store', 'memory', 'cache'])
    expect((await near.exec(['redis-cli', '-h', name, 'ping'])).output).toBe('PONG\n');
  expect((await far.exec(['redis-cli', '-h', 'store', 'ping'])).exitCode).not.toBe(0);
});
