/** What a user at a real terminal sees, of docker's command and of petri: echo, size, ^C, detaching, exit codes. */
import { resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { DockerSuite } from '../support/docker.ts';
import { Terminal } from '../support/terminal.ts';

const suite = new DockerSuite();
const RUN = 'run --network none';
const terminals: Terminal[] = [];
afterEach(async () => {
  for (const terminal of terminals.splice(0)) await terminal.close();
});

/** @param client what `$D` is in it */
async function open(client: string): Promise<Terminal> {
  const D = client === 'petri' ? resolve('bin/petri') : client;
  const terminal = await Terminal.open({ D, DOCKER_HOST: `unix://${suite.engine.socket}` });
  terminals.push(terminal);
  await terminal.resize(31, 97);
  return terminal;
}

/** Does it again and again, as often as docker answers a question, until the other thing has happened. */
async function until(happened: Promise<unknown>, act: () => void): Promise<void> {
  let isOver = false;
  const over = happened.then(() => {
    isOver = true;
  });
  while (!isOver) {
    act();
    await Promise.race([over, suite.docker('version')]);
  }
}

const CTRL_A = '\x01';
const CTRL_C = '\x03';
const CTRL_D = '\x04';
const DEFAULT_KEYS = '\x10\x11';

describe.each(['docker', 'petri'])('%s', (client) => {
  it('run -it: echo, size, a new size, ^C, ^D, the exit code, and the terminal as it was', async () => {
    const terminal = await open(client);
    const before = await terminal.settings();
    terminal.enter(`$D ${RUN} --rm -it busybox sh; echo "code=$?"`);
    await terminal.shows(/\/ # /);
    terminal.enter('stty size');
    // What is typed is shown once: by the container's terminal, not by the user's as well.
    await terminal.shows(/^.{0,4}stty size\r\n31 97\r\n/);
    await terminal.resize(40, 120);
    terminal.enter('until [ "$(stty size)" = "40 120" ]; do usleep 5000; done; echo "resi"zed');
    await terminal.shows(/\r\nresized/);
    terminal.enter('echo "fro"nt; sleep 1000');
    await terminal.shows(/\r\nfront/);
    terminal.type(CTRL_C);
    await terminal.shows(/\^C[\s\S]*\/ # /);
    terminal.enter('(exit 5)');
    await terminal.shows(/\/ # /);
    terminal.type(CTRL_D);
    await terminal.shows(/code=5\r\n/);
    expect(await terminal.settings()).toBe(before);
  });

  it('is left by ^P ^Q and by keys of one’s own; attach and start -ai come back to it', async () => {
    const terminal = await open(client);
    terminal.enter(`$D ${RUN} -it --name tty busybox sh; echo "code=$?"`);
    await terminal.shows(/\/ # /);
    terminal.type(DEFAULT_KEYS);
    await terminal.shows(/code=0\r\n/);
    expect(await suite.inspect('{{.State.Status}}', 'tty')).toBe('running');
    terminal.enter('$D attach --detach-keys ctrl-a,x tty; echo "code=$?"');
    terminal.enter('echo "on"ce');
    await terminal.shows(/\r\nonce[\s\S]*\/ # /);
    // The first key alone is passed on when another follows; neither is ^P ^Q any more.
    terminal.enter(`${CTRL_A}echo "twi"ce`);
    await terminal.shows(/\r\ntwice[\s\S]*\/ # /);
    terminal.type(`${CTRL_A}x`);
    await terminal.shows(/read escape sequence\r\ncode=1\r\n/);
    expect(await suite.inspect('{{.State.Status}}', 'tty')).toBe('running');
    terminal.enter('$D attach tty; echo "code=$?"');
    terminal.enter('exit 9');
    await terminal.shows(/code=9\r\n/);
    terminal.enter('$D start -ai tty; echo "code=$?"');
    await terminal.shows(/\/ # /);
    terminal.type(DEFAULT_KEYS);
    await terminal.shows(/code=0\r\n/);
    terminal.enter('$D attach tty; echo "code=$?"');
    terminal.enter('exit 8');
    await terminal.shows(/code=8\r\n/);
  });

  it('exec -it: size, a new size, ^C, keys that leave it, the exit code', async () => {
    await suite.docker(
      'run',
      '-d',
      '--network',
      'none',
      '--name',
      'box',
      'busybox',
      'sleep',
      '1000',
    );
    const terminal = await open(client);
    const before = await terminal.settings();
    terminal.enter(`$D exec -it box sh; echo "code=$?"`);
    await terminal.shows(/\/ # /);
    terminal.enter('stty size');
    await terminal.shows(/\r\n31 97\r\n/);
    await terminal.resize(40, 120);
    terminal.enter('until [ "$(stty size)" = "40 120" ]; do usleep 5000; done; echo "resi"zed');
    await terminal.shows(/\r\nresized/);
    terminal.enter('echo "fro"nt; sleep 1000');
    await terminal.shows(/\r\nfront/);
    terminal.type(CTRL_C);
    await terminal.shows(/\^C[\s\S]*\/ # /);
    terminal.enter('exit 7');
    await terminal.shows(/code=7\r\n/);
    terminal.enter('$D exec -it --detach-keys ctrl-a box sh; echo "code=$?"');
    await terminal.shows(/\/ # /);
    terminal.type(CTRL_A);
    await terminal.shows(/read escape sequence\r\ncode=1\r\n/);
    expect(await terminal.settings()).toBe(before);
    expect((await suite.docker('top', 'box', '-o', 'pid,comm')).stdout).toMatch(/\d+ +sh\n/);
  });

  it('attach from two terminals: both see the same, each may type, and both end with it', async () => {
    await suite.docker('run', '-dit', '--network', 'none', '--name', 'two', 'busybox', 'sh');
    const [one, other] = [await open(client), await open(client === 'petri' ? 'docker' : 'petri')];
    for (const terminal of [one, other]) terminal.enter('$D attach two; echo "code=$?"');
    for (const [writer, word] of [
      [one, 'one'],
      [other, 'other'],
    ] as const) {
      const shown = [one, other].map((each) => each.shows(new RegExp(`\r\nfrom ${word}`)));
      // A client that is not there yet misses the first.
      await until(Promise.all(shown), () => writer.enter(`echo "fr"om ${word}`));
    }
    one.enter('exit 6');
    for (const terminal of [one, other]) await terminal.shows(/code=6\r\n/);
  });

  it('^C reaches a program without a terminal as SIGINT, but for --sig-proxy=false', async () => {
    const terminal = await open(client);
    const program = `sh -c 'trap "exit 4" INT; echo "rea"dy; while :; do usleep 5000; done'`;
    terminal.enter(`$D ${RUN} --rm busybox ${program}; echo "code=$?"`);
    await terminal.shows(/\r\nready/);
    terminal.type(CTRL_C);
    await terminal.shows(/code=4\r\n/);
    terminal.enter(`$D ${RUN} --name stays --sig-proxy=false busybox ${program}; echo "code=$?"`);
    await terminal.shows(/\r\nready/);
    // Docker's command is ended by the third ^C.
    await until(terminal.shows(/\r\nback/), () => {
      terminal.type(CTRL_C);
      terminal.enter('echo "ba"ck');
    });
    expect(await suite.inspect('{{.State.Status}}', 'stays')).toBe('running');
  });
});
