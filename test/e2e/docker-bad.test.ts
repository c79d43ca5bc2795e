/** What users get wrong: each time docker's status and exit code, its words where clients know them, and nothing left. */
import { describe, expect, it } from 'vitest';
import { DockerSuite } from '../support/docker.ts';

const suite = new DockerSuite();

describe('docker run', () => {
  it.each<[string, string[], number, string]>([
    ['unknown image', ['nosuchimage'], 125, "Unable to find image 'nosuchimage:latest' locally"],
    [
      'command not found',
      ['busybox', 'nosuch'],
      127,
      'exec: "nosuch": executable file not found in $PATH',
    ],
    [
      'path not found',
      ['busybox', '/nosuch'],
      127,
      'exec: "/nosuch": stat /nosuch: no such file or directory',
    ],
    [
      'entrypoint not found',
      ['--entrypoint', 'nosuch', 'busybox'],
      127,
      'executable file not found in $PATH',
    ],
    ['not executable', ['busybox', '/etc/passwd'], 126, 'exec: "/etc/passwd": permission denied'],
    ['a folder', ['busybox', '/etc'], 126, 'exec: "/etc": permission denied'],
    [
      'found in no PATH',
      ['-e', 'PATH=/nosuch', 'busybox', 'ls'],
      127,
      'executable file not found in $PATH',
    ],
    [
      'unknown user',
      ['-u', 'nobodyhere', 'busybox', 'true'],
      125,
      'unable to find user nobodyhere: no matching entries in passwd file',
    ],
    [
      'unknown group',
      ['-u', '1:nogroupx', 'busybox', 'true'],
      125,
      'unable to find group nogroupx: no matching entries in group file',
    ],
    ['uid too large', ['-u', '4294967296', 'busybox', 'true'], 125, '4294967296'],
    [
      'bad name',
      ['--name', 'bad name', 'busybox'],
      125,
      'Invalid container name (bad name), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed',
    ],
    ['name of one character', ['--name', 'x', 'busybox'], 125, 'Invalid container name (x)'],
    ['name with a slash', ['--name', 'a/b', 'busybox'], 125, 'Invalid container name (a/b)'],
    ['name that climbs', ['--name', '../../x', 'busybox'], 125, 'Invalid container name (../../x)'],
    [
      'working directory that is a file',
      ['-w', '/etc/passwd', 'busybox', 'true'],
      125,
      'not a directory',
    ],
    [
      'relative working directory',
      ['-w', 'a/b', 'busybox', 'true'],
      125,
      "the working directory 'a/b' is invalid, it needs to be an absolute path",
    ],
    [
      'memory too small',
      ['-m', '1k', 'busybox', 'true'],
      125,
      'Minimum memory limit allowed is 6MB',
    ],
    ['memory that is no size', ['-m', 'much', 'busybox', 'true'], 125, 'invalid size'],
    [
      'more CPUs than there are',
      ['--cpus', '1000', 'busybox', 'true'],
      125,
      'Range of CPUs is from 0.01 to',
    ],
    ['fewer than none', ['--cpus', '-1', 'busybox', 'true'], 125, 'NanoCpus'],
    ['negative shares', ['-c', '-5', 'busybox', 'true'], 125, 'CpuShares'],
    [
      'unknown capability',
      ['--cap-add', 'BOGUS', 'busybox', 'true'],
      125,
      'unknown capability: "CAP_BOGUS"',
    ],
    ['host name too long', ['-h', 'a'.repeat(65), 'busybox', 'true'], 125, 'hostname'],
    ['unknown network', ['--network', 'nosuchnet', 'busybox', 'true'], 125, 'network'],
    ['unknown flag', ['--nosuch', 'busybox'], 125, 'unknown flag'],
    [
      'environment without a name',
      ['-e', '=x', 'busybox'],
      125,
      'invalid environment variable: =x',
    ],
  ])('%s', async (_case, words, code, message) => {
    const ran = await suite.docker('run', '--rm', ...words);
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code, stdout: '' });
    expect(ran.stderr).toContain(message);
  });

  it('without --rm the container stays, created, with the exit code and the reason', async () => {
    expect((await suite.docker('run', '--name', 'left', 'busybox', 'nosuch')).code).toBe(127);
    expect(
      await suite.inspect('{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}', 'left'),
    ).toMatch(/^created 127 .*"nosuch": executable file not found in \$PATH/);
    expect((await suite.docker('rm', 'left')).code).toBe(0);
  });

  it('name in use', async () => {
    const { stdout } = await suite.docker('create', '--name', 'taken', 'busybox');
    const { code, stderr } = await suite.docker('run', '--name', 'taken', 'busybox');
    expect(code).toBe(125);
    expect(stderr).toContain(
      `Conflict. The container name "/taken" is already in use by container "${stdout.trim()}". You have to remove (or rename) that container to be able to reuse that name.`,
    );
    await suite.docker('create', '--name', 'other', 'busybox');
    expect(await suite.docker('rename', 'other', 'taken')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('already in use'),
    });
  });
});

describe('the other commands', () => {
  it.each<[string[], string]>([
    [['create', '--name', '-x', 'busybox'], 'Invalid container name (-x)'],
    ...['start', 'stop', 'kill', 'wait', 'logs', 'rm', 'attach', 'restart', 'pause'].map(
      (verb): [string[], string] => [[verb, 'nosuch'], 'No such container: nosuch'],
    ),
    [['rename', 'nosuch', 'other'], 'No such container: nosuch'],
    [['rmi', 'nosuch'], 'No such image: nosuch:latest'],
    [['tag', 'nosuch', 'x:1'], 'No such image: nosuch:latest'],
    [['image', 'inspect', 'nosuch'], 'No such image: nosuch'],
    [['import', '/nosuch/file'], 'no such file or directory'],
    [
      ['import', '-c', 'BOGUS x', 'build/busybox.tar', 'x:1'],
      'bogus is not a valid change command',
    ],
    [['ps', '--filter', 'nosuch=1'], "invalid filter 'nosuch'"],
    [['ps', '--filter', 'status=bogus'], "invalid filter 'status=bogus'"],
    [['images', '--filter', 'nosuch=1'], "invalid filter 'nosuch'"],
  ])('%j', async (words, message) => {
    const { code, stderr } = await suite.docker(...words);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });

  it('against a state that does not allow it', async () => {
    await suite.docker('create', '--name', 'still', 'busybox', 'sleep', '1000');
    expect((await suite.docker('kill', 'still')).stderr).toMatch(
      /cannot kill container: still: container [0-9a-f]{64} is not running/i,
    );
    expect((await suite.docker('pause', 'still')).stderr).toMatch(/it is created|is not running/);
    await suite.docker('start', 'still');
    expect((await suite.docker('rm', 'still')).stderr).toContain(
      'stop the container before removing or force remove',
    );
    expect((await suite.docker('kill', '-s', 'NOSUCH', 'still')).stderr).toContain(
      'Invalid signal: NOSUCH',
    );
    expect((await suite.docker('kill', '-s', '99', 'still')).code).toBe(1);
    expect((await suite.docker('logs', '--since', 'bogus', 'still')).code).toBe(1);
    expect((await suite.docker('rmi', 'busybox')).stderr).toMatch(
      /conflict: unable to remove repository reference "busybox" \(must force\)/,
    );
    expect(await suite.inspect('{{.State.Status}}', 'still')).toBe('running');
  });

  it('an archive that is none, or breaks off: no image of it', async () => {
    const before = (await suite.docker('images', '-aq')).stdout;
    expect((await suite.shell('head -c 100000 /dev/urandom | docker import - x:1')).code).toBe(1);
    expect((await suite.shell('head -c 100000 build/busybox.tar | docker import - x:1')).code).toBe(
      1,
    );
    expect((await suite.docker('images', '-aq')).stdout).toBe(before);
  });
});

describe('the API', () => {
  const create = (body: unknown) => ['POST', '/containers/create', body] as const;
  it.each<[string, readonly [method: string, path: string, body?: unknown], number, RegExp]>([
    ['bad JSON', create('{"Image": "busybox"'), 400, /JSON|end of/i],
    ['no JSON', create('x'), 400, /./],
    ['no body', create(''), 400, /./],
    ['an array', create([]), 400, /./],
    ['a number as image', create({ Image: 7 }), 400, /Image/],
    ['a text as command', create({ Image: 'busybox', Cmd: { a: 1 } }), 400, /Cmd/],
    [
      'a text as memory',
      create({ Image: 'busybox', HostConfig: { Memory: '64m' } }),
      400,
      /Memory/,
    ],
    ['half a byte', create({ Image: 'busybox', HostConfig: { Memory: 1e7 + 0.5 } }), 400, /Memory/],
    [
      'unknown restart policy',
      create({ Image: 'busybox', HostConfig: { RestartPolicy: { Name: 'bogus' } } }),
      400,
      /restart policy.*'bogus'/,
    ],
    ['a NUL', create({ Image: 'busybox', Cmd: ['a\0b'] }), 400, /NUL|Cmd/],
    ['no image', create({}), 400, /./],
    ['unknown image', create({ Image: 'nosuch' }), 404, /No such image: nosuch:latest/],
    ['bad reference', create({ Image: 'BAD::' }), 400, /invalid reference format/],
    [
      'bad name',
      ['POST', '/containers/create?name=a%2Fb', { Image: 'busybox' }],
      400,
      /Invalid container name/,
    ],
    [
      'version too new',
      ['GET', '/v1.99/info'],
      400,
      /client version 1\.99 is too new\. Maximum supported API version is 1\.47/,
    ],
    [
      'version too old',
      ['GET', '/v1.10/info'],
      400,
      /client version 1\.10 is too old\. Minimum supported API version is 1\.24/,
    ],
    ['no version', ['GET', '/vx/info'], 404, /page not found/],
    ['unknown path', ['GET', '/v1.47/nosuch'], 404, /page not found/],
    ['unknown container', ['GET', '/containers/nosuch/json'], 404, /No such container: nosuch/],
    ['bad filters', ['GET', '/containers/json?filters=x'], 400, /JSON/],
    ['bad number', ['GET', '/containers/json?limit=x'], 400, /limit/],
    ['bad flag', ['GET', '/containers/json?all=maybe'], 400, /all/],
    ['no stream', ['GET', '/containers/nosuch/logs'], 404, /No such container/],
  ])('%s', async (_case, [method, path, body], status, message) => {
    const answer = await suite.engine.api(method, path, body);
    expect({
      status: answer.status,
      message: (JSON.parse(answer.text) as { message: string }).message,
    }).toEqual({
      status,
      message: expect.stringMatching(message),
    });
  });

  it.each<[string, string, number]>([
    ['command not found', 'nosuch', 400],
    ['not executable', '/etc/passwd', 400],
  ])('start: %s', async (_case, program, status) => {
    const { text } = await suite.engine.api('POST', '/containers/create', {
      Image: 'busybox',
      Cmd: [program],
    });
    const { Id } = JSON.parse(text) as { Id: string };
    expect((await suite.engine.api('POST', `/containers/${Id}/start`)).status).toBe(status);
    expect((await suite.engine.api('POST', `/containers/${Id}/start`)).status).toBe(status);
    expect((await suite.engine.api('DELETE', `/containers/${Id}`)).status).toBe(204);
  });
});
