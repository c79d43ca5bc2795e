/**
 * A container that works against those who copy its files: names swapped under way (S30 of the list of threats),
 * special files (S32). What is on the host is neither read nor written.
 */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { create } from '../../src/container/create.ts';
import { remove } from '../../src/container/remove.ts';
import { withRoot } from '../../src/container/root.ts';
import { start } from '../../src/container/start.ts';
import type { Container } from '../../src/container/table.ts';
import { openAt } from '../../src/kernel/files-at.ts';
import { removeVolume } from '../../src/volume/remove.ts';
import { launch, openTestEngine, request, type TestEngine } from '../support/engine.ts';
import { entriesOf, put, tarOf } from '../support/files.ts';

const none = { NetworkMode: 'none' };
let engine: TestEngine;
/** A folder of the host, to which a link in the container points. */
let host: string;

beforeAll(async () => {
  engine = await openTestEngine();
  host = mkdtempSync(join(tmpdir(), 'petri-canary-'));
  mkdirSync(join(host, 'canary'));
  writeFileSync(join(host, 'canary/secret'), 'of the host');
});
afterAll(async () => {
  rmSync(host, { recursive: true });
  await engine.close();
});

/** /w/here is now a folder with `secret` in it, now a link to the canary's folder. */
async function swapping(more: object = {}): Promise<Container> {
  const swap = join(host, 'swap');
  execFileSync('cc', ['-static', '-O1', '-o', swap, 'test/support/swap.c']);
  const script = `mkdir -p /w/here; echo of the container >/w/here/secret; ln -s ${host}/canary /w/there
    # Not before it is there whole: a file that is still written to cannot be executed.
    until /swap /w/here /w/there; do sleep 0.01; done`;
  const container = await launch(engine, ['sh', '-c', script], {}, { ...none, ...more });
  await put(engine, container, '/', tarOf(host, 'swap'));
  return container;
}

const stateOfCanary = () =>
  readdirSync(join(host, 'canary')).map((name) => [
    name,
    readFileSync(join(host, 'canary', name), 'utf8'),
  ]);

describe('names swapped by the container', () => {
  let container: Container;
  beforeAll(async () => {
    container = await swapping();
  });
  afterAll(() => remove(engine.engine, container, { force: true, volumes: true }));

  test('300 copies in and out never touch the host', async () => {
    const untouched = stateOfCanary();
    const archive = tarOf('/etc', 'hostname');
    const seen = new Set<string>();
    for (let i = 0; i < 150; i++) {
      const out = await entriesOf(engine, container, '/w/here/secret').catch((error) => error);
      seen.add(out instanceof Error ? 'refused' : (out.get('secret')?.text ?? ''));
      await put(engine, container, '/w/here', archive).catch(() => undefined);
      await put(engine, container, '/', tarOf('/', 'etc/hostname')).catch(() => undefined);
    }
    expect(seen).toEqual(new Set(['of the container\n', 'refused']));
    expect(stateOfCanary()).toEqual(untouched);
  });

  test('a whole folder is copied without what its links point at', async () => {
    for (let i = 0; i < 50; i++) {
      const found = await entriesOf(engine, container, '/w');
      for (const { text } of found.values()) expect(text).not.toContain('of the host');
    }
  });

  test('without resolving in the root the host would be read', async () => {
    const read = await withRoot(engine.engine, container, async (root) => {
      for (let i = 0; i < 100_000; i++) {
        const text = readPlainly(root, 'w/here/secret');
        if (text === 'of the host') return text;
      }
      return 'nothing of the host';
    });
    expect(read).toBe('of the host');
  });
});

function readPlainly(root: number, path: string): string {
  try {
    const fd = openAt(root, path, 0, 0, 0);
    try {
      return readFileSync(fd, 'utf8');
    } finally {
      closeSync(fd);
    }
  } catch {
    return '';
  }
}

/** What a container that does not run has mounted is put together for the copy: beneath a volume that another swaps in. */
describe('names in a volume swapped by another container', () => {
  let peer: Container;
  let victim: Container;
  beforeAll(async () => {
    peer = await swapping({ Binds: ['work:/w'] });
    const host = { NetworkMode: 'none', Binds: ['work:/w', 'inner:/w/here/inner'] };
    const { id } = await create(engine.engine, request(['true'], {}, host));
    victim = engine.engine.containers.find(id);
  });
  afterAll(async () => {
    for (const one of [peer, victim])
      await remove(engine.engine, one, { force: true, volumes: true });
    const { volumes } = engine.engine;
    for (const { name } of volumes.all()) await removeVolume(volumes, name, () => []);
  });

  test('300 copies in and out never touch the host', async () => {
    const untouched = stateOfCanary();
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
    const archive = tarOf('/etc', 'hostname');
    const seen = new Set<string>();
    for (let i = 0; i < 150; i++) {
      const out = await entriesOf(engine, victim, '/w/here/secret').catch((error) => error);
      seen.add(out instanceof Error ? 'refused' : (out.get('secret')?.text ?? ''));
      await put(engine, victim, '/w/here', archive).catch(() => undefined);
      await put(engine, victim, '/w/here/inner', archive).catch(() => undefined);
    }
    expect(seen).toEqual(new Set(['of the container\n', 'refused']));
    expect(stateOfCanary()).toEqual(untouched);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).toBe(mounts);
  });
});

describe('special files', () => {
  let container: Container;
  beforeAll(async () => {
    const { id } = await create(engine.engine, request(['sleep', '1000'], {}, none));
    container = engine.engine.containers.find(id);
    const s = join(container.paths.upper, 's');
    mkdirSync(s);
    execFileSync('mkfifo', [join(s, 'fifo')]);
    execFileSync('mknod', [join(s, 'zero'), 'c', '1', '5']);
    execFileSync('mknod', [join(s, 'disk'), 'b', '7', '0']);
    const folder = openSync(s, 'r');
    const server = createServer();
    // The true path is longer than a socket's may be.
    await new Promise<void>((done) => server.listen(`/proc/self/fd/${folder}/socket`, done));
    execFileSync('ln', [join(s, 'socket'), join(s, 'kept')]);
    await new Promise((done) => server.close(done));
    closeSync(folder);
    await start(engine.engine, container);
  });
  afterAll(() => remove(engine.engine, container, { force: true, volumes: true }));

  const timed = async (path: string) => {
    const begun = performance.now();
    const found = await entriesOf(engine, container, path).catch((error: Error) => error.message);
    expect(performance.now() - begun).toBeLessThan(5000);
    return found;
  };
  const typeOf = async (path: string) => {
    const found = await timed(path);
    return typeof found === 'string' ? found : [...found.values()][0]?.type;
  };

  test.each([
    ['a fifo', '/s/fifo', 'fifo'],
    ['an endless device', '/s/zero', 'char'],
    ['a block device', '/s/disk', 'block'],
    ['a device of the container', '/dev/random', 'char'],
    ['a socket', '/s/kept', 'cannot archive "kept": it is a socket'],
  ])('%s is described and not read', async (_name, path, type) => {
    expect(await typeOf(path)).toBe(type);
  });

  test('a folder with all of them comes without the socket', async () => {
    const found = await timed('/s');
    expect([...(found as Map<string, unknown>).keys()]).toEqual([
      's/',
      's/disk',
      's/fifo',
      's/zero',
    ]);
  });

  test('a file of /proc has its content', async () => {
    const found = await timed('/proc/1/status');
    expect((found as Awaited<ReturnType<typeof entriesOf>>).get('status')?.text).toMatch(
      /^Name:\tsleep/,
    );
  });

  test.each(['/proc', '/sys', '/dev'])('all of %s comes to an end', async (path) => {
    expect(await timed(path)).toBeInstanceOf(Map);
  });

  test('what /proc says of root and working directory leads nowhere', async () => {
    expect(await timed('/proc/1/root/')).toContain('leads out of the container');
    expect(await typeOf('/proc/1/root')).toBe('symlink');
  });

  test('nothing can be copied into /proc', async () => {
    await expect(
      put(engine, container, '/proc/sys/kernel', tarOf('/etc', 'hostname')),
    ).rejects.toThrow();
    await expect(put(engine, container, '/sys', tarOf('/etc', 'hostname'))).rejects.toThrow();
  });
});
