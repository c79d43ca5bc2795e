import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { FrameParser } from '../../src/api/client/frames.ts';
import { readAll, unframe } from '../support/shim.ts';
import {
  descriptorsOf,
  disposeAfterEach,
  readLog,
  readUntil,
  sh,
  start,
} from '../support/shim-suite.ts';

disposeAfterEach();

const interactive = { stdinOpen: true, stdinOnce: true };

describe('attach', () => {
  it.each([
    ['attach oe', { stdout: 'o\n', stderr: 'e\n' }],
    ['attach o', { stdout: 'o\n', stderr: '' }],
    ['attach e', { stdout: '', stderr: 'e\n' }],
    ['attach ', { stdout: '', stderr: '' }],
  ])('as %j gives what it asks for, then ends', async (line, expected) => {
    const shim = await start({ argv: sh('echo o; echo e >&2') }, [line]);
    expect(unframe(await readAll(shim.attached[0]))).toEqual(expected);
  });

  it('passes stdin on, and its end when it is for one client', async () => {
    const shim = await start({ argv: ['cat'], plan: interactive }, ['attach ioe']);
    shim.attached[0]?.end('one\ntwo\n');
    expect(unframe(await readAll(shim.attached[0])).stdout).toBe('one\ntwo\n');
    expect(await shim.control.line('exit')).toMatchObject({ exitCode: 0 });
  });

  it('takes stdin sent in one piece with the first line', async () => {
    const shim = await start({ argv: ['cat'], plan: interactive }, ['attach ioe\nearly']);
    shim.attached[0]?.end('late');
    expect(unframe(await readAll(shim.attached[0])).stdout).toBe('early\nlate');
  });

  it('keeps stdin open for the next client when it is not for one', async () => {
    const plan = { stdinOpen: true, stdinOnce: false };
    const shim = await start({ argv: sh('read a; read b; echo $a $b'), plan }, ['attach i']);
    shim.attached[0]?.end('first\n');
    await shim.control.line('running');
    const second = await shim.connect('attach io');
    second.write('second\n');
    expect(unframe(await readAll(second)).stdout).toBe('first second\n');
  });

  it('goes on with output after the client has half-closed', async () => {
    const shim = await start({ argv: sh('cat; echo done'), plan: interactive }, ['attach io']);
    shim.attached[0]?.end();
    expect(unframe(await readAll(shim.attached[0])).stdout).toBe('done\n');
  });

  it('gives a program without stdin the end of file, and drops what is sent', async () => {
    const shim = await start({ argv: sh('cat; echo end') }, ['attach io']);
    shim.attached[0]?.write('nobody reads this');
    expect(unframe(await readAll(shim.attached[0])).stdout).toBe('end\n');
  });

  it('holds back stdin that the program does not read, and loses none of it', async () => {
    const plan = interactive;
    const shim = await start({ argv: sh('read go; cat | sha256sum'), plan }, ['attach io']);
    const bytes = Buffer.alloc(8 << 20, 'petri');
    const client = shim.attached[0];
    const flushed = client?.write(Buffer.concat([Buffer.from('go\n'), bytes]));
    expect(flushed).toBe(false);
    client?.end();
    const expected = createHash('sha256').update(bytes).digest('hex');
    expect(unframe(await readAll(client)).stdout).toContain(expected);
  });

  it('goes on when a program closes its stdin before all was sent', async () => {
    const shim = await start({ argv: sh('exec <&-; echo up; sleep 0.1'), plan: interactive }, [
      'attach io',
    ]);
    shim.attached[0]?.write(Buffer.alloc(1 << 20));
    expect(unframe(await readAll(shim.attached[0])).stdout).toBe('up\n');
    expect(await shim.control.line('exit')).toMatchObject({ exitCode: 0 });
  });

  it('to a container whose output has ended, ends at once', async () => {
    const shim = await start({ argv: sh('exec >&- 2>&-; sleep 100') }, ['attach o']);
    await readAll(shim.attached[0]);
    expect(await readAll(await shim.connect('attach oe'))).toHaveLength(0);
    const { pid } = await shim.control.line('running');
    process.kill(pid, 'SIGKILL');
  });

  it.each(['hello', 'attach x', 'attach oo', 'attach', 'control 1', 'x'.repeat(100)])(
    'with the first line %j is turned away, and nothing else happens',
    async (line) => {
      const shim = await start({ argv: sh('read a; echo $a'), plan: interactive }, ['attach io']);
      await shim.control.line('running');
      expect(await readAll(await shim.connect(line))).toHaveLength(0);
      shim.attached[0]?.write('still\n');
      expect(unframe(await readAll(shim.attached[0])).stdout).toBe('still\n');
    },
  );

  it('by a client that does not read holds up neither program nor other clients', async () => {
    const size = 20_000_000;
    const argv = sh(`yes 0123456789 | head -c ${size}`);
    const shim = await start({ argv }, ['attach o', 'attach o']);
    const [slow, quick] = shim.attached;
    slow?.pause();
    const seen = unframe(await readAll(quick)).stdout;
    expect(seen).toHaveLength(size);
    await shim.control.line('exit');
    expect(spoolOf(shim.pid)).toMatch(/deleted/);
    expect(unframe(await readAll(slow)).stdout).toBe(seen);
  });

  it('of one stream each, by clients that do not read, gives each its own, all of it', async () => {
    const script = 'for i in $(seq 3000); do echo "$i $PATH $PATH"; echo "$i" >&2; done';
    const flags = ['o', 'e', 'oe', 'e', 'o'];
    const lines = flags.map((each) => `attach ${each}`);
    const shim = await start({ argv: sh(`${script}; seq 200000; seq 200000 >&2`) }, lines);
    for (const client of shim.attached) client.pause();
    await shim.control.line('exit');
    const seen = await Promise.all(shim.attached.map(async (each) => unframe(await readAll(each))));
    const whole = seen[2];
    expect(whole?.stderr.split('\n')).toHaveLength(203_001);
    expect(seen).toEqual(
      flags.map((each) => ({
        stdout: each.includes('o') ? whole?.stdout : '',
        stderr: each.includes('e') ? whole?.stderr : '',
      })),
    );
  });

  it('by clients that fall behind and catch up again and again gives each every byte', async () => {
    const [size, times] = [1_500_000, 30];
    const argv = sh(`while read x; do yes 0123456789 | head -c ${size}; done`);
    const lines = ['attach ioe', 'attach oe', 'attach o'];
    const shim = await start({ argv, plan: interactive }, lines);
    const [first, ...others] = shim.attached;
    const burst = '0123456789\n'.repeat(size / 11 + 1).slice(0, size);
    for (let time = 0; time < times; time++) {
      first?.write('go\n');
      // Those that do not read yet are behind by the time the first has had all.
      for (const client of [first, ...others])
        expect((await readFrames(client, size)) === burst).toBe(true);
    }
    first?.end();
    expect(await shim.control.line('exit')).toMatchObject({ exitCode: 0 });
  });

  it('by clients that come and go leaves no descriptor behind', async () => {
    const shim = await start({ argv: ['sleep', '100'] });
    const { pid } = await shim.control.line('running');
    const before = descriptorsOf(shim.pid).length;
    for (let i = 0; i < 200; i++) {
      const client = await shim.connect(i % 3 ? 'attach ioe' : 'control');
      client.destroy();
    }
    await expect.poll(() => descriptorsOf(shim.pid).length).toBe(before);
    process.kill(pid, 'SIGKILL');
  });
});

describe('a terminal', () => {
  const plan = { terminal: true, stdinOpen: true, stdinOnce: true, rows: 33, columns: 101 };

  it('gives raw bytes, has its size before the program runs, and is logged as stdout', async () => {
    const shim = await start({ argv: sh('stty size; echo err >&2'), plan }, ['attach ioe']);
    const output = (await readAll(shim.attached[0])).toString();
    expect(output).toBe('33 101\r\nerr\r\n');
    await shim.control.line('exit');
    expect(readLog(shim.log).map(({ log, stream }) => [stream, log])).toEqual([
      ['stdout', '33 101\r\n'],
      ['stdout', 'err\r\n'],
    ]);
  });

  it('takes input, resizes and signals, and stays open after the client has half-closed', async () => {
    const script =
      'trap "stty size; exit 5" WINCH; echo up; read x; echo got $x; while :; do read y; done';
    const shim = await start({ argv: sh(script), plan }, ['attach ioe']);
    const client = shim.attached[0];
    await readUntil(client, 'up');
    client?.write('hello\r');
    await readUntil(client, 'got hello');
    client?.end();
    shim.control.socket.write('resize 40 120\n');
    expect((await readAll(client)).toString()).toContain('40 120');
    expect(await shim.control.line('exit')).toMatchObject({ exitCode: 5 });
  });

  it('turns control-C into SIGINT of the program in front', async () => {
    const script = 'trap "exit 9" INT; echo up; while :; do sleep 0.01; done';
    const shim = await start({ argv: sh(script), plan }, ['attach ioe']);
    await readUntil(shim.attached[0], 'up');
    shim.attached[0]?.write('\x03');
    expect(await shim.control.line('exit')).toMatchObject({ exitCode: 9 });
  });

  it('gives all of its output though the program ends at once', async () => {
    const shim = await start({ argv: sh('seq 20000'), plan }, ['attach o']);
    const lines = (await readAll(shim.attached[0])).toString().split('\r\n');
    expect(lines).toHaveLength(20001);
  });
});

/** So many bytes of payload, which end with a frame; the client reads nothing further. */
async function readFrames(client: Socket | undefined, length: number): Promise<string> {
  const parser = new FrameParser();
  let text = '';
  for await (const chunk of client?.iterator({ destroyOnReturn: false }) ?? []) {
    for (const { bytes } of parser.push(chunk as Buffer)) text += bytes;
    if (text.length >= length) return text;
  }
  return text;
}

function spoolOf(pid: number): string | undefined {
  return descriptorsOf(pid).find((target) => target.includes('(deleted)'));
}
