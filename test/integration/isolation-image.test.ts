/**
 * Images and leftovers of containers that lie about /proc, /sys, /dev and files under /etc (THREATS S07, S08, S11, S13,
 * S16), with canaries on the host behind every link. Each attack is shown to succeed with the defence taken out.
 */
import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { create } from '../../src/container/create.ts';
import { remove } from '../../src/container/remove.ts';
import { start } from '../../src/container/start.ts';
import type { Container } from '../../src/container/table.ts';
import { StartError } from '../../src/errors/errors.ts';
import { parseMountinfo } from '../../src/kernel/mountinfo.ts';
import type { Step } from '../../src/step/step.ts';
import { exitOf, outputOf, request, run } from '../support/engine.ts';
import { type Alteration, type Arena, altered, answers, openArena } from '../support/probe.ts';

let arena: Arena;
let canary: string;
beforeAll(async () => {
  arena = await openArena();
  canary = join(arena.scratch, 'canary');
  for (const name of ['proc', 'sys', 'dev', 'etc'])
    mkdirSync(join(canary, name), { recursive: true });
  for (const name of engineFiles) writeFileSync(join(canary, 'etc', name), `canary ${name}\n`);
});
afterAll(() => arena.close());

const folders = ['proc', 'sys', 'dev'];
const engineFiles = ['hosts', 'resolv.conf', 'hostname', 'mtab'];

/** Everything an attack could have changed on the host. */
function census(): string[] {
  return readdirSync(canary, { recursive: true }).map((name) => {
    const path = join(canary, String(name));
    const { mode, uid, mtimeNs, ino } = lstatSync(path, { bigint: true });
    const text = lstatSync(path).isFile() ? readFileSync(path, 'utf8') : '';
    return [name, mode, uid, mtimeNs, ino, text].join(' ');
  });
}

/** Runs `work`, and expects that nothing behind the links has changed. */
async function unchanged<T>(work: () => Promise<T>): Promise<T> {
  const before = census();
  const result = await work();
  expect(census()).toEqual(before);
  return result;
}

function replace(root: string, name: string, make: (path: string) => void): void {
  rmSync(join(root, name), { recursive: true, force: true });
  make(join(root, name));
}

/** Where what is mounted, what the engine's files say. */
const LOOK =
  'cat /proc/self/mountinfo; echo ---; cat /etc/hosts; readlink /etc/mtab; cat /etc/hostname; ls /dev';
const isInitLayer = ({ args }: Step) =>
  args.key === 'lowerdir+' && String(args.value).includes('/layers/init/');

describe('an image whose /proc, /sys, /dev and files under /etc are not what they seem', () => {
  const shapes: [string, (root: string) => void][] = [
    [
      'links to the host',
      (root) => {
        for (const name of folders)
          replace(root, name, (path) => symlinkSync(join(canary, name), path));
        for (const name of engineFiles)
          replace(root, `etc/${name}`, (path) => symlinkSync(join(canary, 'etc', name), path));
      },
    ],
    [
      'links that climb',
      (root) => {
        const up = '../../../../../../../..';
        for (const name of folders)
          replace(root, name, (path) => symlinkSync(`${up}${canary}/${name}`, path));
        replace(root, 'etc', (path) => symlinkSync(`${up}${canary}/etc`, path));
      },
    ],
    [
      'plain files',
      (root) => {
        for (const name of [...folders, 'etc'])
          replace(root, name, (path) => writeFileSync(path, 'canary'));
      },
    ],
    [
      'folders and a fifo in place of the files',
      (root) => {
        for (const name of ['hosts', 'mtab'])
          replace(root, `etc/${name}`, (path) => mkdirSync(path));
        replace(root, 'etc/hostname', (path) => execFileSync('mkfifo', [path]));
      },
    ],
  ];

  test.each(shapes)(
    'starts with the true ones, and the host is untouched: %s',
    async (name, arrange) => {
      const image = await arena.image(name.replaceAll(/\W/g, ''), arrange);
      const { output } = await unchanged(() =>
        run(arena, ['sh', '-c', LOOK], { Image: image, Hostname: 'mars' }),
      );
      const [mountinfo = '', files = ''] = output.split('---\n');
      const types = new Map(
        parseMountinfo(mountinfo).map(({ target, fstype }) => [target, fstype]),
      );
      expect([types.get('/proc'), types.get('/sys'), types.get('/dev')]).toEqual([
        'proc',
        'sysfs',
        'tmpfs',
      ]);
      expect(files).toContain('\tmars\n/proc/mounts\nmars\n');
      expect(files).toMatch(/\nnull\n/);
      expect(files).not.toContain('canary');
    },
  );

  test('without the init layer on top it is refused; without the lookup too, the link decides', async () => {
    const image = await arena.image('elsewhere', (root) => {
      for (const name of ['elsewhere', 'sys', 'dev'])
        mkdirSync(join(root, name), { recursive: true });
      for (const name of engineFiles) writeFileSync(join(root, 'etc', name), '');
      replace(root, 'proc', (path) => symlinkSync('/elsewhere', path));
    });
    const attack = () => run(arena, ['cat', '/elsewhere/self/mountinfo'], { Image: image });
    const bare: Alteration = (step) => (isInitLayer(step) ? [] : followLinks(step));
    const barred: Alteration = (step) => (isInitLayer(step) ? [] : step);
    await expect(altered(arena, barred, attack)).rejects.toThrow(StartError);
    const { output } = await altered(arena, bare, attack);
    expect(output).toMatch(/ \/elsewhere .* - proc proc/);
  });
});

/** Opens what is to be mounted on as a careless engine would. */
function followLinks(step: Step): Step {
  if (step.call !== 'openat2' || step.phase !== 'mounts') return step;
  const flags = (step.args.flags as string[]).filter((flag) => flag !== 'O_NOFOLLOW');
  return { ...step, args: { ...step.args, flags, resolve: [] } };
}

describe('what a container left in its own layer', () => {
  const linked = (name: string, script = 'true') =>
    startWith(
      (upper) => {
        mkdirSync(join(upper, 'etc'), { recursive: true });
        replace(upper, name, (path) => symlinkSync(join(canary, name), path));
      },
      { Hostname: 'mars' },
      script,
    );

  test.each(['proc', 'sys', 'dev', 'etc'])('as a link in place of /%s: refused', async (name) => {
    await unchanged(() => expect(linked(name)).rejects.toThrow(/symbolic link|ELOOP|ENOTDIR/));
  });

  test.each(['hosts', 'hostname', 'resolv.conf'])(
    'as a link in place of /etc/%s: covered',
    async (name) => {
      const output = await unchanged(() => linked(`etc/${name}`, `cat /etc/${name}`));
      expect(output).toMatch(name === 'resolv.conf' ? /nameserver|^$/ : /mars\n/);
      expect(output).not.toContain('canary');
    },
  );

  test('the detector works: a link to a folder inside is followed when the lookup allows it', async () => {
    const attack = () =>
      startWith((upper) => symlinkSync('/tmp', join(upper, 'proc')), {}, 'cat /tmp/self/mountinfo');
    await expect(attack()).rejects.toThrow(StartError);
    expect(await altered(arena, followLinks, attack)).toMatch(/ \/tmp .* - proc proc/);
  });
});

describe('a fake /dev/null in the image (S08)', () => {
  const attack = async () => {
    const masked = ['/proc/keys', '/proc/timer_list'];
    const { output } = await run(arena, ['/probe', 'read', ...masked], { Image: 'fakenull' });
    return answers(output);
  };
  /** /dev without a tmpfs of its own: what the image has there stays. */
  const ownDev: Alteration = (step) => {
    const { path, target } = step.args;
    if (isDevMount(step)) return [];
    const below = String(path ?? target).startsWith('/dev/');
    return below && ['mkdir', 'mknod', 'symlink'].includes(step.call)
      ? { ...step, accept: 'EEXIST' }
      : step;
  };
  const isDevMount = ({ phase, args }: Step) =>
    phase === 'mounts' &&
    (args.path === '/dev' ||
      JSON.stringify(args.fd) === '{"slot":"at /dev"}' ||
      args.data === 'mode=755,size=65536k');

  test('does not become what masks files', async () => {
    await arena.image('fakenull', (root) => {
      mkdirSync(join(root, 'dev'), { recursive: true });
      writeFileSync(join(root, 'dev/null'), 'secret');
    });
    expect(await attack()).toEqual({ '/proc/keys': 'ok 0', '/proc/timer_list': 'ok 0' });
    expect(await altered(arena, ownDev, attack)).toEqual({
      '/proc/keys': 'ok 1',
      '/proc/timer_list': 'ok 1',
    });
  });
});

describe('a hostile /etc/passwd or /etc/group (S16)', () => {
  const shapes: [string, (path: string) => void][] = [
    ['a fifo', (path) => execFileSync('mkfifo', [path])],
    ['a device', (path) => execFileSync('mknod', [path, 'c', '1', '5'])],
    ['a gigabyte', (path) => execFileSync('truncate', ['-s', '1G', path])],
    ['a folder', (path) => mkdirSync(path)],
    ['a link to the host', (path) => symlinkSync(outside(), path)],
    ['a link that climbs', (path) => symlinkSync(`../../../../../../../..${outside()}`, path)],
    ['a link through /proc', (path) => symlinkSync(`/proc/self/root${outside()}`, path)],
    ['a loop', (path) => symlinkSync('passwd', path)],
  ];
  const outside = () => join(arena.scratch, 'outside');
  const attempts: [string, { User: string }][] = [
    ['passwd', { User: 'evil' }],
    ['group', { User: '1000:evil' }],
  ];

  beforeAll(() => writeFileSync(outside(), 'evil:x:0:0::/:/bin/sh\n'));

  describe.each(attempts)('%s', (file, config) => {
    test.each(shapes)('%s: an error, at once', async (_, make) => {
      const began = performance.now();
      const attempt = startWith((upper) => place(upper, file, make), config);
      await expect(attempt).rejects.toMatchObject({
        name: expect.stringMatching(/^(Invalid|Kernel)Error$/),
      });
      expect(performance.now() - began).toBeLessThan(1000);
    });

    test('the detector works: a plain file is read, and the link does lead to the host', async () => {
      const plain = (path: string) => writeFileSync(path, 'evil:x:1234:1234::/:/bin/sh\n');
      const output = await startWith((upper) => place(upper, file, plain), config, 'id -u; id -g');
      expect(output).toBe(file === 'passwd' ? '1234\n1234\n' : '1000\n1234\n');
      const link = join(arena.scratch, `link-${file}`);
      symlinkSync(outside(), link);
      expect(readFileSync(link, 'utf8')).toContain('evil:x:0:0');
    });
  });
});

function place(upper: string, file: string, make: (path: string) => void): void {
  mkdirSync(join(upper, 'etc'));
  make(join(upper, 'etc', file));
}

/** A container whose own layer is arranged before its start; what it printed. */
async function startWith(
  arrange: (upper: string) => void,
  config = {},
  script = 'true',
): Promise<string> {
  const { engine } = arena;
  const { id } = await create(engine, request(['sh', '-c', script], { Image: 'probe', ...config }));
  const container: Container = engine.containers.find(id);
  arrange(container.paths.upper);
  try {
    await start(engine, container);
    await exitOf(arena, container);
    return await outputOf(arena, container);
  } finally {
    await remove(engine, container, { force: true, volumes: true });
  }
}
