/** `bin/petri` against a real engine, beside docker's own command on the same engine. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Supervisor } from '../support/supervisor.ts';
import { Terminal } from '../support/terminal.ts';

interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

let engine: Supervisor;
const binary = resolve('bin/petri');

beforeAll(async () => {
  engine = await Supervisor.start();
});
afterAll(() => engine.remove());

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, PETRI_HOST: `unix://${engine.socket}`, TERM: 'xterm' };
}

/** Runs petri to its end with this stdin. */
async function petri(args: readonly string[], input = ''): Promise<Ran> {
  const child = spawn(binary, args, { env: environment() });
  const ran: Ran = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (text) => {
    ran.stdout += text;
  });
  child.stderr.on('data', (text) => {
    ran.stderr += text;
  });
  child.stdin.on('error', () => undefined); // a program that does not read has ended
  child.stdin.end(input);
  [ran.code] = (await once(child, 'close')) as [number | null];
  return ran;
}

describe('run', () => {
  it.each<[string[], Partial<Ran>]>([
    [
      ['busybox', 'sh', '-c', 'echo out; echo err >&2; exit 7'],
      { code: 7, stdout: 'out\n', stderr: 'err\n' },
    ],
    [['busybox', 'nosuch'], { code: 127, stdout: '' }],
    [['busybox', '/etc/passwd'], { code: 126, stdout: '' }],
    [['nosuchimage'], { code: 125, stdout: '' }],
    [['--nosuch', 'busybox'], { code: 125, stdout: '' }],
    [
      [
        '-e',
        'A=b',
        '-w',
        '/tmp',
        '-u',
        '1:2',
        '-h',
        'hh',
        'busybox',
        'sh',
        '-c',
        'echo $A $PWD $(id -u):$(id -g) $(hostname)',
      ],
      { code: 0, stdout: 'b /tmp 1:2 hh\n' },
    ],
    [['--entrypoint', 'echo', 'busybox', '--rm'], { code: 0, stdout: '--rm\n' }],
    [
      ['-a', 'stdout', 'busybox', 'sh', '-c', 'echo out; echo err >&2'],
      { code: 0, stdout: 'out\n', stderr: '' },
    ],
  ])('%j gives %j', async (words, expected) => {
    expect(await petri(['run', '--rm', ...words])).toMatchObject(expected);
  });

  it('sends stdin and its end', async () => {
    const input = 'x'.repeat(300_000);
    expect(await petri(['run', '--rm', '-i', 'busybox', 'wc', '-c'], input)).toMatchObject({
      code: 0,
      stdout: '300000\n',
    });
  });

  it('passes signals on', async () => {
    const child = spawn(
      binary,
      [
        'run',
        '--rm',
        'busybox',
        'sh',
        '-c',
        'trap "exit 5" TERM; echo ready; while :; do usleep 10000; done',
      ],
      { env: environment() },
    );
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([5, null]);
  });

  it('tells the steps as they happen, before the output', async () => {
    const { stderr, stdout, code } = await petri([
      'run',
      '--rm',
      '--explain=json',
      'busybox',
      'echo',
      'hi',
    ]);
    expect({ stdout, code }).toEqual({ stdout: 'hi\n', code: 0 });
    const numbers = stderr
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line).Step.n as number);
    expect(numbers).toEqual(numbers.map((_, i) => i + 1));
    expect(numbers.length).toBeGreaterThan(50);
  });
});

describe('in a terminal', () => {
  it('runs a shell of the right size, detaches, attaches again, and leaves the terminal as it was', async () => {
    const terminal = await Terminal.open({ PETRI_HOST: `unix://${engine.socket}` });
    await terminal.resize(33, 99);
    const before = await terminal.settings();
    terminal.enter(`${binary} run -it --name tty busybox sh; echo "code=$?"`);
    await terminal.shows(/\/ # /);
    terminal.type('stty size; echo "got $((40+2))"\n');
    await terminal.shows(/33 99[\s\S]*got 42/);
    terminal.type('\x10\x11');
    await terminal.shows(/code=0/);
    expect((await engine.docker('inspect', '-f', '{{.State.Status}}', 'tty')).stdout).toBe(
      'running\n',
    );
    expect(await terminal.settings()).toBe(before);
    terminal.enter(`${binary} attach tty; echo "code=$?"`);
    terminal.type('\nexit 9\n');
    await terminal.shows(/code=9/);
    await terminal.close();
    expect(await petri(['rm', 'tty'])).toMatchObject({ code: 0, stdout: 'tty\n' });
  });
});

describe('beside docker', () => {
  const alike: string[][] = [
    [
      'ps',
      '-a',
      '--no-trunc',
      '--format',
      '{{.ID}} {{.Image}} {{.Command}} {{.Names}} {{.State}} {{.Labels}} {{.Ports}} {{.Networks}}',
    ],
    ['ps', '-aq'],
    ['ps', '-a', '--format', 'table {{.ID}}\\t{{.Names}}\\t{{.Label "k"}}'],
    ['images', '--format', '{{json .Repository}} {{.Tag}} {{.ID}} {{.Size}}'],
    ['images', '-q', '--no-trunc'],
    ['inspect', 'one', 'busybox'],
    [
      'inspect',
      '-f',
      '{{.Name}} {{.State.ExitCode}} {{json .Config.Cmd}} {{range .Config.Env}}{{.}};{{end}}',
      'one',
    ],
    ['inspect', 'one', 'nosuch'],
    ['logs', '-t', 'one'],
    ['logs', '-n', '1', 'one'],
    ['wait', 'one'],
    ['stop', 'nosuch'],
    ['stop', 'one'],
    ['rm', 'nosuch'],
    ['rm', '-f', 'nosuch'],
    ['rmi', 'nosuch'],
    ['tag', 'nosuch', 'x'],
    ['start', 'nosuch'],
    ['rename', 'nosuch', 'x'],
    ['ps', 'superfluous'],
    ['ps', '--nosuch'],
    ['rm'],
  ];
  beforeAll(async () => {
    await petri([
      'run',
      '--name',
      'one',
      '-l',
      'k=v',
      '-l',
      'a=b',
      'busybox',
      'sh',
      '-c',
      'echo 1; echo 2; exit 3',
    ]);
  });
  afterAll(async () => {
    await petri(['rm', '-f', 'one']);
  });

  it.each(alike.map((words) => [words]))('%j says the same with the same code', async (words) => {
    const docker = await engine.docker(...words);
    const own = await petri(words);
    expect({ code: own.code, stdout: own.stdout }).toEqual({
      code: docker.code,
      stdout: docker.stdout,
    });
    expect(own.stderr.replaceAll('petri', 'docker')).toBe(docker.stderr);
  });
});

describe('the command', () => {
  it('explains a container: every step has its result', async () => {
    const { stdout: id } = await petri(['run', '-d', 'busybox', 'true']);
    const { Steps, Results } = JSON.parse(
      (await petri(['explain', '--format', 'json', id.trim()])).stdout,
    );
    expect(
      Results.map((result: { n: number }) => result.n).sort((a: number, b: number) => a - b),
    ).toEqual(Steps.map((step: { n: number }) => step.n));
    expect((await petri(['explain', id.trim()])).stdout).toContain('execve');
    expect((await petri(['explain', '--format', 'sh', id.trim()])).stdout).toMatch(
      /^#!\/bin\/bash\n/,
    );
    await petri(['wait', id.trim()]);
    await petri(['rm', id.trim()]);
  });

  it('explains an exec, as it happens and afterwards', async () => {
    await petri(['run', '-d', '--name', 'host', 'busybox', 'sleep', '1000']);
    const ran = await petri(['exec', '--explain', 'host', 'echo', 'hi']);
    expect(ran).toMatchObject({ code: 0, stdout: 'hi\n' });
    expect(ran.stderr).toMatch(/── namespaces ─+\n {3}a process goes into the container/);
    expect(ran.stderr).toMatch(/setns\(<pidfd\.container>[\s\S]* = 0 +\d+ µs/);
    const failed = await petri(['exec', '--explain=json', 'host', '/no/such']);
    expect(failed.code).toBe(127);
    const last = JSON.parse(
      failed.stderr
        .trim()
        .split('\n')
        .findLast((line) => line.startsWith('{')) ?? '',
    );
    expect(last).toMatchObject({ Step: { call: 'execve' }, Result: { ret: -1 } });
    expect((await petri(['explain', '--exec', 'host'])).stdout).toMatch(
      /execve\("\/no\/such"[\s\S]*failed, and what was done before it is undone/,
    );
    const { Execs } = JSON.parse((await engine.api('GET', '/containers/host/steps')).text) as {
      Execs: string[];
    };
    const first = await petri(['explain', `--exec=${Execs[0]?.slice(0, 12)}`, 'host']);
    expect(first.stdout).toMatch(/execve\("echo"[\s\S]*\d+ steps · [\d.]+ ms/);
    expect(await petri(['explain', '--exec=nosuch', 'host'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no such exec'),
    });
    await petri(['rm', '-f', 'host']);
  });

  it('shows no byte of a message that drives the terminal', async () => {
    const { stderr } = await petri(['inspect', 'a\x1b]0;x\x07b']);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is the claim
    expect(stderr).not.toMatch(/[\u0000-\u0008\u000b-\u001f]/);
    expect(stderr).toContain('Error response from daemon: ');
  });

  it('works through a symbolic link and from any folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'petri-cli-'));
    await symlink(binary, join(folder, 'petri'));
    const ran = await new Promise((done) => {
      execFile('./petri', ['--version'], { cwd: folder }, (_error, stdout) => done(stdout));
    });
    expect(ran).toMatch(/^petri \d/);
    await rm(folder, { recursive: true });
  });

  it('says where it looked for an engine', async () => {
    const child = spawn(binary, ['ps'], {
      env: { ...process.env, PETRI_HOST: 'unix:///nonexistent/petri.sock' },
    });
    let stderr = '';
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(stderr).toBe(
      'petri: cannot connect to the engine at unix:///nonexistent/petri.sock: there is no such socket; is the engine running?\n',
    );
  });
});
