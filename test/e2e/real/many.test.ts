/** 250 web servers on one network: each is reached by its name from one of them, and all go again without a trace. */
import { expect, test } from 'vitest';
import { DockerSuite } from '../../support/docker.ts';

const suite = new DockerSuite();

const COUNT = 250;
const AT_ONCE = 8;

const names = Array.from({ length: COUNT }, (_, number) => `peer${number}`);

test(`${COUNT} on one network`, async () => {
  await suite.docker('network', 'create', '--internal', '--subnet', '10.252.0.0/22', 'crowd');
  const last = names.at(-1) as string;

  await inTurns(start);
  const line = `for name in ${names.join(' ')}; do wget -q -O - http://$name/who; done`;
  const asked = await suite.docker('exec', last, 'sh', '-c', line);
  expect(asked.stdout.trim().split('\n'), asked.stderr).toEqual(names);

  await inTurns((name) => call('DELETE', `/containers/${name}?force=1`, 204));
  expect((await suite.docker('network', 'rm', 'crowd')).code).toBe(0);
});

async function start(name: string): Promise<void> {
  await call('POST', `/containers/create?name=${name}`, 201, {
    Image: 'busybox',
    Cmd: ['sh', '-c', `echo ${name} >/who; exec httpd -f -h /`],
    HostConfig: { NetworkMode: 'crowd' },
  });
  await call('POST', `/containers/${name}/start`, 204);
}

async function call(method: string, path: string, status: number, body?: object): Promise<void> {
  const answer = await suite.engine.api(method, path, body);
  expect(answer.status, answer.text).toBe(status);
}

/** For each name once, several at a time. */
async function inTurns(work: (name: string) => Promise<void>): Promise<void> {
  const left = [...names];
  const worker = async () => {
    for (let name = left.shift(); name; name = left.shift()) await work(name);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
