/** A client's socket that the supervisor has passed on: the output goes to it, and not to the connection. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { connectPassing, type RunningShim, readAll, unframe } from '../support/shim.ts';
import { descriptorsOf, disposeAfterEach, readUntil, sh, start } from '../support/shim-suite.ts';

disposeAfterEach();

const plan = { stdinOpen: true, stdinOnce: false };
const SIZE = 20_000_000;
let open: Socket[] = [];
afterEach(() => {
  for (const socket of open) socket.destroy();
  open = [];
});

interface Passed {
  /** The supervisor's connection to the shim. */
  link: Socket;
  /** The supervisor's connection to its client, which the shim has too. */
  server: Socket;
  client: Socket;
}

/** A client of a server, whose connection is given to the shim. */
async function pass(shim: RunningShim, line: string): Promise<Passed> {
  const listener = createServer({ allowHalfOpen: true }).listen(join(shim.dir, 'clients.sock'));
  const client = connect({ path: join(shim.dir, 'clients.sock'), allowHalfOpen: true });
  const [server] = (await once(listener, 'connection')) as [Socket];
  listener.close();
  client.pause();
  const link = connectPassing(shim.dir, line, descriptorOf(server));
  open.push(client, server, link);
  for (const socket of open) socket.on('error', () => socket.destroy());
  return { link, server, client };
}

function descriptorOf(socket: Socket): number {
  return (socket as unknown as { _handle: { fd: number } })._handle.fd;
}

const talker = (script: string) => start({ argv: sh(`read go; ${script}`), plan });

describe('a socket that came with the first line', () => {
  it.each([
    ['attach ioe', { stdout: 'o\n', stderr: 'e\n' }],
    ['attach io', { stdout: 'o\n', stderr: '' }],
  ])('of %j has the output; the connection takes stdin, and ends after it', async (line, seen) => {
    const shim = await talker('echo o; echo e >&2');
    const { link, server, client } = await pass(shim, line);
    link.end('go\n');
    expect(await readAll(link)).toHaveLength(0);
    server.end();
    expect(unframe(await readAll(client))).toEqual(seen);
    expect(await shim.control.line('exit')).toMatchObject({ exitCode: 0 });
  });

  it('has the raw bytes of a terminal', async () => {
    const shim = await start({
      argv: sh('read go; echo up'),
      plan: { ...plan, terminal: true, rows: 24, columns: 80 },
    });
    const { link, client } = await pass(shim, 'attach io');
    link.write('go\r');
    expect(await readUntil(client, 'up')).toContain('go\r\nup');
  });

  it('whose client does not read holds up nobody, and is given every byte later', async () => {
    const shim = await talker(`yes 0123456789 | head -c ${SIZE}`);
    const { link, server, client } = await pass(shim, 'attach io');
    link.write('go\n');
    await shim.control.line('exit');
    link.end();
    const [bytes] = await Promise.all([readAll(client), readAll(link).then(() => server.end())]);
    expect(unframe(bytes).stdout === '0123456789\n'.repeat(SIZE / 11 + 1).slice(0, SIZE)).toBe(
      true,
    );
  });

  it('whose client goes leaves no descriptor, and the program goes on', async () => {
    const shim = await talker('yes | head -c 3000000; sleep 100');
    const { pid } = await shim.control.line('running');
    const before = descriptorsOf(shim.pid).length;
    const { link, server, client } = await pass(shim, 'attach io');
    link.write('go\n');
    await readUntil(client, 'y');
    client.destroy();
    // A reset or an end, as the client had read all of it or not.
    server.on('end', () => server.destroy());
    await new Promise((closed) => server.resume().on('close', closed));
    link.destroy();
    await expect.poll(() => descriptorsOf(shim.pid).length).toBe(before);
    process.kill(pid, 'SIGKILL');
    expect(await shim.control.line('exit')).toMatchObject({ exitCode: 137 });
  });

  it.each(['that reads', 'that is far behind'])(
    'of a client %s ends with the supervisor, which has both',
    async (kind) => {
      const shim = await talker('yes | head -c 3000000; sleep 100');
      const { pid } = await shim.control.line('running');
      const before = descriptorsOf(shim.pid).length;
      const { link, server, client } = await pass(shim, 'attach io');
      link.write('go\n');
      if (kind === 'that reads') await readUntil(client, 'y');
      server.destroy();
      link.destroy();
      await readAll(client);
      await expect.poll(() => descriptorsOf(shim.pid).length).toBe(before);
      process.kill(pid, 'SIGKILL');
    },
  );

  it.each(['control', 'attach x', 'hello'])('is closed when the line is %j', async (line) => {
    const shim = await talker('sleep 100');
    const { pid } = await shim.control.line('running');
    const before = descriptorsOf(shim.pid).length;
    const { link, server, client } = await pass(shim, line);
    if (line === 'control') await readUntil(link, 'running');
    else await readAll(link);
    link.destroy();
    server.destroy();
    expect(await readAll(client)).toHaveLength(0);
    await expect.poll(() => descriptorsOf(shim.pid).length).toBe(before);
    process.kill(pid, 'SIGKILL');
  });
});
