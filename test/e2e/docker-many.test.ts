/** Two hundred containers, eight at a time, a third of which fail in different ways: nothing is left of them. */
import { expect, it } from 'vitest';
import { DockerSuite } from '../support/docker.ts';

/** A /28 has 13 addresses besides the gateway's: six lost ones would already be felt. */
const ADDRESSES = 13;
const suite = new DockerSuite(28);
const COUNT = 200;
const AT_ONCE = 8;

/** What a client does with one container, and what comes of it. */
interface Case {
  config: object;
  /** Status of the start. */
  started: number;
  /** Exit code, for those that started. */
  ended?: number;
  kill?: boolean;
}

const program = (line: string, more: object = {}) => ({
  Image: 'busybox',
  Cmd: ['sh', '-c', line],
  ...more,
});
const good: Case = { config: program('echo hi'), started: 204, ended: 0 };
const failing: Case[] = [
  { config: { Image: 'busybox', Cmd: ['nosuch'] }, started: 400 },
  { config: { Image: 'busybox', Cmd: ['/etc/passwd'] }, started: 400 },
  { config: program('true', { User: 'nobodyhere' }), started: 400 },
  { config: program('true', { WorkingDir: '/etc/passwd' }), started: 400 },
  { config: program('exit 3'), started: 204, ended: 3 },
  { config: program('sleep 1000'), started: 204, ended: 137, kill: true },
];

function caseOf(number: number): Case {
  return number % 3 === 0 ? (failing[(number / 3) % failing.length] as Case) : good;
}

async function call<T>(
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; value: T }> {
  const { status, text } = await suite.engine.api(method, path, body);
  return { status, value: (text ? JSON.parse(text) : undefined) as T };
}

async function live({ config, started, ended, kill }: Case): Promise<void> {
  const { value } = await call<{ Id: string }>('POST', '/containers/create', config);
  const path = `/containers/${value.Id}`;
  expect((await call('POST', `${path}/start`)).status).toBe(started);
  if (kill) expect((await call('POST', `${path}/kill`)).status).toBe(204);
  if (ended !== undefined)
    expect((await call<{ StatusCode: number }>('POST', `${path}/wait`)).value.StatusCode).toBe(
      ended,
    );
  expect((await call('DELETE', path)).status).toBe(204);
}

it('the census is as before', async () => {
  const cases = Array.from({ length: COUNT }, (_, number) => caseOf(number));
  const worker = async () => {
    for (let next = cases.pop(); next; next = cases.pop()) await live(next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  expect(await suite.get('/containers/json?all=1')).toEqual([]);
}, 60_000);

it('every address can be given again, and then there is none', async () => {
  const start = (name: string) =>
    suite.docker('run', '-d', '--name', name, 'busybox', 'sleep', '1000');
  const given = new Set<string>();
  for (let number = 0; number < ADDRESSES; number++) {
    expect((await start(`c${number}x`)).code).toBe(0);
    given.add(await suite.inspect('{{.NetworkSettings.IPAddress}}', `c${number}x`));
  }
  expect(given.size).toBe(ADDRESSES);
  const { code, stderr } = await start('one-too-many');
  expect(code).toBe(125);
  expect(stderr).toContain("no available IPv4 addresses on this network's address pools: bridge");
  await suite.docker('rm', '-f', 'c3x');
  expect((await suite.docker('start', 'one-too-many')).code).toBe(0);
});

it('eight at once by docker’s command, with --rm: all outputs and codes are right', async () => {
  const runs = Array.from({ length: AT_ONCE }, async (_, number) => {
    const { code, stdout } = await suite.docker(
      'run',
      '--rm',
      'busybox',
      'sh',
      '-c',
      `echo ${number}; exit ${number}`,
    );
    expect([code, stdout]).toEqual([number, `${number}\n`]);
  });
  await Promise.all(runs);
});
