/** `exec` by docker's command and by petri's: what tutorials teach about it. */
import { beforeEach, describe, expect, test } from 'vitest';
import { DockerSuite } from '../support/docker.ts';
import { run } from '../support/supervisor.ts';

const suite = new DockerSuite();
beforeEach(async () => {
  await suite.docker(
    'run',
    '-d',
    '--init',
    '--name',
    'box',
    '-w',
    '/tmp',
    'busybox',
    'sleep',
    '1000',
  );
});

describe.each(['docker', 'petri'] as const)('%s exec', (command) => {
  const exec = (...words: string[]) => suite.engine[command]('exec', ...words);
  const shell = (script: string) => {
    const socket = `unix://${suite.engine.socket}`;
    const program = command === 'petri' ? 'bin/petri' : 'docker';
    const environment = { DOCKER_HOST: socket, PETRI_HOST: socket, TERM: 'xterm', program };
    return run('bash', ['-c', script], environment);
  };

  test('runs a program beside the first one, with its own exit code', async () => {
    const ran = await exec('box', 'sh', '-c', 'echo out; echo err >&2; pwd; exit 7');
    expect(ran).toMatchObject({ code: 7, stdout: 'out\n/tmp\n', stderr: 'err\n' });
    expect(await suite.inspect('{{.State.Running}}', 'box')).toBe('true');
  });

  test('-i passes stdin on to its end, and loses no output of who does not read it', async () => {
    const { stdout } = await shell('seq 10000 | "$program" exec -i box sh -c "sort -n | tail -1"');
    expect(stdout).toBe('10000\n');
    const many = await shell(
      'for i in $(seq 20); do echo x | "$program" exec -i box echo $i; done',
    );
    expect(many.stdout).toBe(Array.from({ length: 20 }, (_, i) => `${i + 1}\n`).join(''));
  });

  test('-it gives a terminal', async () => {
    const { stdout, code } = await shell(
      `script -qec '"$program" exec -it box sh -c "tty; exit 5"' /dev/null < /dev/null`,
    );
    expect(stdout).toContain('/dev/pts/');
    expect(code).toBe(5);
    expect((await shell('echo | "$program" exec -it box true')).stderr).toContain('not a TTY');
  });

  test('-e, -u and -w are taken', async () => {
    const flags = ['-e', 'A=b', '-u', '1000:1000', '-w', '/etc'];
    const { stdout } = await exec(...flags, 'box', 'sh', '-c', 'echo $A; id -u; pwd');
    expect(stdout).toBe('b\n1000\n/etc\n');
  });

  test('-d leaves it running', async () => {
    const ran = await exec('-d', 'box', 'sh', '-c', 'echo done > /tmp/done');
    expect(ran).toEqual({ code: 0, stdout: '', stderr: '' });
    await expect.poll(async () => (await exec('box', 'cat', '/tmp/done')).stdout).toBe('done\n');
  });

  test.each([
    [127, 'executable file not found in $PATH', ['box', 'nosuch']],
    [126, 'permission denied', ['box', '/etc/passwd']],
    [126, 'unable to find user nobody-here', ['-u', 'nobody-here', 'box', 'true']],
    [1, 'No such container: none', ['none', 'true']],
  ])('ends with %i and says: %s', async (code, words, args) => {
    const ran = await exec(...args);
    expect(ran.code).toBe(code);
    expect(ran.stdout + ran.stderr).toContain(words);
  });

  test('of a container that is paused or stopped is refused', async () => {
    await suite.docker('pause', 'box');
    expect((await exec('box', 'true')).stderr).toContain('unpause the container before exec');
    await suite.docker('unpause', 'box');
    await suite.docker('stop', '-t', '0', 'box');
    expect((await exec('box', 'true')).stderr).toContain('is not running');
  });
});
