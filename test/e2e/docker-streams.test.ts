/** stdin, stdout, terminals, attach and logs through docker's own command: every byte, in order, to everybody. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DockerSuite } from '../support/docker.ts';

const suite = new DockerSuite();
const RUN = 'docker run --rm --network none';

/** A docker process that stays: its output so far, and waits for it. */
class Client {
  output = '';
  readonly child: ChildProcessWithoutNullStreams;

  constructor(command: string) {
    const PATH = `${process.cwd()}/bin:${process.env.PATH}`;
    const DOCKER_HOST = `unix://${suite.engine.socket}`;
    const env = { ...process.env, PATH, DOCKER_HOST, TERM: 'xterm' };
    this.child = spawn('bash', ['-c', `exec ${command}`], { env });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.on('data', (text) => {
        this.output += text;
        this.child.emit('shown');
      });
  }
  /** The test's own time limit ends a wait in vain. */
  async shows(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.output)) await once(this.child, 'shown');
  }
  async ends(): Promise<number> {
    const { child } = this;
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
    return child.exitCode ?? 255;
  }
}
const inTerminal = (command: string) =>
  new Client(`script -qefc ${JSON.stringify(command)} /dev/null`);

/** Shows each byte it reads as a number; the terminal itself does nothing with them. */
const SHOW_BYTES = "sh -c 'stty raw -echo; echo ready; exec od -An -v -tx1 -w1'";

/** What `seq 1 count` prints. */
const upTo = (count: number) => Array.from({ length: count }, (_, i) => `${i + 1}\n`).join('');

describe('stdin', () => {
  it('its end is passed on', async () => {
    expect((await suite.shell(`echo x | ${RUN} -i busybox cat`)).stdout).toBe('x\n');
  });
  it('without -i the program reads nothing', async () => {
    expect((await suite.shell(`echo x | ${RUN} busybox cat`)).stdout).toBe('');
  });
  it('output goes on after its end', async () => {
    const { stdout } = await suite.shell(
      `echo x | ${RUN} -i busybox sh -c 'cat; usleep 50000; echo after'`,
    );
    expect(stdout).toBe('x\nafter\n');
  });
  it('a program that does not read it ends all the same', async () => {
    const { stdout, code } = await suite.shell(
      `head -c 5000000 /dev/zero | ${RUN} -i busybox sh -c 'echo done; exit 4'`,
    );
    expect([stdout, code]).toEqual(['done\n', 4]);
  });
  it('while it is still sent, no byte of the output is lost to a slow reader', async () => {
    const { stdout } = await suite.shell(
      `head -c 50000000 /dev/zero | ${RUN} -i busybox head -c 3000000 /dev/zero | (sleep 0.3; wc -c)`,
    );
    expect(stdout).toBe('3000000\n');
  });
  it('20 MB there and back are the same bytes', async () => {
    const script = `f=$(mktemp); head -c 20000000 /dev/urandom > $f; sha256sum < $f; ${RUN} -i busybox cat < $f | sha256sum; rm $f`;
    const [sent, received] = (await suite.shell(script)).stdout.trim().split('\n');
    expect(received).toBe(sent);
  });
});

describe('stdout', () => {
  it('20 MB arrive whole, on stdout and stderr apart', async () => {
    const big = 'seq 1 1500000 | tee /dev/stderr | sha256sum';
    const whole = 'seq 1 1500000';
    const { stdout } = await suite.shell(`
      ${whole} | sha256sum
      ${RUN} busybox ${whole} | sha256sum
      ${RUN} busybox sh -c '${whole} >&2' 2>&1 >/dev/null | sha256sum
      ${RUN} busybox sh -c '${big} >/dev/null' 2>&1 | sha256sum`);
    expect(new Set(stdout.trim().split('\n')).size).toBe(1);
  });
  it('goes from the shim to the client: the supervisor carries none of it', async () => {
    const carried = () => {
      // Of the one thread: the whole process has what its ended children did, the shims.
      const { pid } = suite.engine;
      const io = readFileSync(`/proc/${pid}/task/${pid}/io`, 'utf8');
      return Number(/^rchar: (\d+)$/m.exec(io)?.[1]) + Number(/^wchar: (\d+)$/m.exec(io)?.[1]);
    };
    const before = carried();
    await suite.shell(`
      docker run --name filler -d --network none busybox sleep 1000
      ${RUN} busybox head -c 20000000 /dev/zero | sha256sum
      docker exec filler head -c 20000000 /dev/zero | sha256sum
      docker rm -f filler`);
    expect(carried() - before).toBeLessThan(5_000_000);
  });
  it('a slow reader does not stop the container, and a reader that goes does not end it', async () => {
    await suite.shell(
      "docker run --name talker --network none busybox sh -c 'seq 1 200000; touch /done; cat /proc/uptime' | head -n 1",
    );
    expect((await suite.docker('wait', 'talker')).stdout).toBe('0\n');
    expect((await suite.shell('docker logs talker | head -n 200000 | sha256sum')).stdout).toBe(
      (await suite.shell('seq 1 200000 | sha256sum')).stdout,
    );
  });
  it('of no newline at the end, and of bytes that are no text', async () => {
    const { stdout } = await suite.shell(`${RUN} busybox printf 'a\\001\\377\\0b' | od -An -tx1`);
    expect(stdout).toBe(' 61 01 ff 00 62\n');
  });
  it('-a stderr: that alone', async () => {
    const script = `${RUN} -a stderr busybox sh -c 'echo out; echo err >&2'`;
    expect(await suite.shell(script)).toMatchObject({ stdout: '', stderr: 'err\n' });
  });
});

describe('a terminal', () => {
  it('-t: the program has one, of its own', async () => {
    const { stdout } = await suite.shell(
      `${RUN} -t busybox sh -c 'tty; test -t 0 && test -t 1 && test -t 2 && echo $TERM'`,
    );
    expect(stdout).toBe('/dev/pts/0\r\nxterm\r\n');
  });
  it('-it: what is typed reaches the shell, Ctrl-C too; the size is passed on', async () => {
    const client = inTerminal(`stty rows 31 cols 97; ${RUN} -it busybox sh`);
    await client.shows(/\/ # /);
    client.child.stdin.write('stty size; echo $((6*7))\n');
    await client.shows(/31 97[\s\S]*42/);
    client.child.stdin.write('echo in "f"ront; sleep 1000\n');
    await client.shows(/in front/);
    client.child.stdin.write('\x03');
    await client.shows(/\^C/);
    client.child.stdin.write('echo "still $((1+1))"\nexit 9\n');
    expect(await client.ends()).toBe(9);
    expect(client.output).toContain('still 2');
  });
  it('is left with Ctrl-P Ctrl-Q, and the container runs on; attach comes back', async () => {
    const client = inTerminal('docker run -it --network none --name tty busybox sh');
    await client.shows(/\/ # /);
    client.child.stdin.write('\x10\x11');
    expect(await client.ends()).toBe(0);
    expect(await suite.inspect('{{.State.Running}}', 'tty')).toBe('true');
    const again = inTerminal('docker attach tty');
    again.child.stdin.write('echo "back $((1+1))"; exit 8\n');
    expect(await again.ends()).toBe(8);
    expect(again.output).toContain('back 2');
  });
  // Client and engine both look for the keys: neither may find others than the caller named.
  it.each(['docker', 'petri'])('%s: with other keys, ^P ^Q are the program’s', async (command) => {
    const client = inTerminal(
      `${command} run -it --name keys --detach-keys ctrl-x,y --network none busybox ${SHOW_BYTES}`,
    );
    await client.shows(/ready/);
    client.child.stdin.write('\x10\x11\x18z');
    await client.shows(/10\s+11\s+18\s+7a/);
    client.child.stdin.write('\x18y');
    expect(await client.ends()).toBe(0);
    expect(await suite.inspect('{{.State.Running}}', 'keys')).toBe('true');
  });
  it.each(['docker', 'petri'])('%s exec: is left by the keys, and runs on', async (command) => {
    await suite.shell('docker run -d --name host --network none busybox sleep 1000');
    const client = inTerminal(`${command} exec -it --detach-keys a,b host ${SHOW_BYTES}`);
    await client.shows(/ready/);
    client.child.stdin.write('\x10\x11ac');
    await client.shows(/10\s+11\s+61\s+63/);
    client.child.stdin.write('ab');
    await client.ends();
    expect((await suite.docker('top', 'host')).stdout).toContain('od -An');
  });
});

describe('attach', () => {
  const talk = 'while [ ! -e /go ]; do echo tick; usleep 5000; done; seq 1 20000';

  it('two see the same output, and so does the log', async () => {
    await suite.docker(
      'run',
      '-d',
      '--name',
      'both',
      '--network',
      'none',
      'busybox',
      'sh',
      '-c',
      talk,
    );
    const clients = [new Client('docker attach both'), new Client('docker attach --no-stdin both')];
    await Promise.all(clients.map((client) => client.shows(/tick/)));
    const pid = await suite.inspect('{{.State.Pid}}', 'both');
    await suite.shell(`touch /proc/${pid}/root/go`);
    expect(await Promise.all(clients.map((client) => client.ends()))).toEqual([0, 0]);
    const { stdout: log } = await suite.docker('logs', 'both');
    for (const { output } of clients) expect(log.endsWith(output)).toBe(true);
    for (const { output } of clients) expect(output.endsWith(`tick\n${upTo(20_000)}`)).toBe(true);
  });
  it('passes the signal on that docker gets', async () => {
    const client = new Client(
      `${RUN} busybox sh -c 'trap "echo got; exit 6" USR1; echo ready; while :; do usleep 5000; done'`,
    );
    await client.shows(/ready/);
    client.child.kill('SIGUSR1');
    expect(await client.ends()).toBe(6);
    expect(client.output).toBe('ready\ngot\n');
  });
  it('start -a shows the output and gives the exit code', async () => {
    await suite.docker(
      'create',
      '--name',
      'later',
      '--network',
      'none',
      'busybox',
      'sh',
      '-c',
      'echo out; echo err >&2; exit 5',
    );
    for (let times = 0; times < 2; times++)
      expect(await suite.docker('start', '-a', 'later')).toEqual({
        code: 5,
        stdout: 'out\n',
        stderr: 'err\n',
      });
  });
  it('start -ai sends stdin too', async () => {
    await suite.docker(
      'create',
      '-i',
      '--name',
      'reader',
      '--network',
      'none',
      'busybox',
      'wc',
      '-c',
    );
    expect((await suite.shell('printf abc | docker start -ai reader')).stdout).toBe('3\n');
    expect((await suite.shell('printf abcd | docker start -ai reader')).stdout).toBe('4\n');
  });
  it('to what does not run is refused', async () => {
    await suite.docker('create', '--name', 'still', 'busybox');
    expect(await suite.docker('attach', 'still')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/cannot attach to a stopped container/i),
    });
  });
});

describe('logs', () => {
  const lines = (...numbers: number[]) => numbers.map((n) => `${n}\n`).join('');

  it('of one that ended: complete, the last ones, with times', async () => {
    await suite.docker(
      'run',
      '--name',
      'said',
      '--network',
      'none',
      'busybox',
      'sh',
      '-c',
      'seq 1 9; echo bad >&2',
    );
    expect(await suite.docker('logs', 'said')).toMatchObject({
      stdout: lines(1, 2, 3, 4, 5, 6, 7, 8, 9),
      stderr: 'bad\n',
    });
    expect((await suite.docker('logs', '--tail', '3', 'said')).stdout).toBe(lines(8, 9));
    expect((await suite.docker('logs', '--tail', '0', 'said')).stdout).toBe('');
    expect((await suite.docker('logs', '--tail', 'all', 'said')).stdout).toBe(
      lines(1, 2, 3, 4, 5, 6, 7, 8, 9),
    );
    expect((await suite.docker('logs', '-t', '--tail', '2', 'said')).stdout).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z 9\n$/,
    );
    expect((await suite.docker('logs', '-f', 'said')).stdout).toBe(
      lines(1, 2, 3, 4, 5, 6, 7, 8, 9),
    );
  });
  it('--since and --until: by time', async () => {
    await suite.docker(
      'run',
      '--name',
      'two',
      '--network',
      'none',
      'busybox',
      'sh',
      '-c',
      'echo early; usleep 300000; echo late',
    );
    const [first = '', second = ''] = (await suite.docker('logs', '-t', 'two')).stdout
      .split('\n')
      .map((line) => line.split(' ')[0] ?? '');
    expect((await suite.docker('logs', '--since', second, 'two')).stdout).toBe('late\n');
    expect((await suite.docker('logs', '--until', first, 'two')).stdout).toBe('early\n');
    expect((await suite.docker('logs', '--since', '10m', 'two')).stdout).toBe('early\nlate\n');
    expect((await suite.docker('logs', '--since', '2099-01-01', 'two')).stdout).toBe('');
  });
  it('-f: what comes, to the end', async () => {
    await suite.docker(
      'run',
      '-d',
      '--name',
      'goes-on',
      '--network',
      'none',
      'busybox',
      'sh',
      '-c',
      'echo one; while [ ! -e /go ]; do usleep 5000; done; seq 1 20000; echo two',
    );
    const client = new Client('docker logs -f goes-on');
    await client.shows(/one\n/);
    await suite.shell(`touch /proc/${await suite.inspect('{{.State.Pid}}', 'goes-on')}/root/go`);
    expect(await client.ends()).toBe(0);
    expect(client.output).toBe(`one\n${upTo(20_000)}two\n`);
  });
  it('of a terminal, and of two lives', async () => {
    await suite.docker('run', '-t', '--name', 'lives', '--network', 'none', 'busybox', 'echo', 'x');
    await suite.docker('start', '-a', 'lives');
    expect((await suite.docker('logs', 'lives')).stdout).toBe('x\r\nx\r\n');
  });
  it('of a line longer than a log entry: in one piece', async () => {
    const { stdout } = await suite.shell(
      'docker run --name long --network none busybox sh -c \'head -c 100000 /dev/zero | tr "\\0" x; echo\' >/dev/null; docker logs long | wc',
    );
    expect(stdout.trim().split(/\s+/)).toEqual(['1', '1', '100001']);
  });
});
