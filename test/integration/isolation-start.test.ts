/**
 * From clone3 to the program's first instruction: what init has open, where it stands and what it executes
 * (THREATS S02, S03). Each attack is shown to succeed when the defence is taken out of the plan.
 */
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { StartError } from '../../src/errors/errors.ts';
import { type Step, slot } from '../../src/step/step.ts';
import { run } from '../support/engine.ts';
import {
  type Alteration,
  type Arena,
  altered,
  changed,
  openArena,
  without,
} from '../support/probe.ts';

let arena: Arena;
beforeAll(async () => {
  arena = await openArena();
  copyFileSync(join(arena.scratch, 'probe'), join(arena.scratch, 'canary'));
  await arena.image('links', (root) => {
    for (const n of numbers) symlinkSync(`/proc/self/fd/${n}`, join(root, `fd${n}`));
  });
});
afterAll(() => arena.close());

/** Every number a descriptor of shim or init could have. */
const numbers = Array.from({ length: 62 }, (_, i) => i + 3);
const UP = '../../../../../../../../..';
const refused = expect.any(StartError);

const isCloseRange = ({ call }: Step) => call === 'close_range';
const isWorkdir = ({ call, phase }: Step) => call === 'openat2' && phase === 'identity';
const isGetcwd = ({ call }: Step) => call === 'getcwd';

describe('descriptors (S02)', () => {
  const fds = async (config = {}) =>
    (await run(arena, ['/probe', 'fds'], { Image: 'probe', ...config })).output;
  const leak: Alteration = (step) =>
    step.call === 'prctl' && step.actor === 'init'
      ? [step, { ...step, call: 'dup2', args: { fd: slot('cwd'), to: 9 } }]
      : step;

  test.each([
    ['with pipes', {}],
    ['with stdin', { OpenStdin: true }],
    ['with a terminal', { Tty: true }],
    ['as a user', { User: '33' }],
  ])('are 0, 1 and 2: %s', async (_, config) => {
    expect((await fds(config)).replaceAll('\r', '')).toBe('0\n1\n2\n');
  });

  test('one that a step left open is closed by close_range, and by nothing else', async () => {
    expect(await altered(arena, leak, () => fds())).toBe('0\n1\n2\n');
    const both: Alteration = (step) => (isCloseRange(step) ? [] : leak(step));
    expect(await altered(arena, both, () => fds())).toBe('0\n1\n2\n9\n');
  });
});

describe('a program of the host behind a descriptor (S02)', () => {
  /** One start tries them all: they are the folders of PATH. */
  const attack = (image: string, to: (n: number) => string) => {
    const path = numbers.map((n) => `${to(n)}/${UP}${arena.scratch}`).join(':');
    return run(arena, ['canary', 'fds'], { Image: image, Env: [`PATH=${path}`] }).catch(
      (error) => error,
    );
  };
  const cases: [string, string, (n: number) => string][] = [
    ['named outright', 'probe', (n) => `/proc/self/fd/${n}`],
    ['behind a link of the image', 'links', (n) => `/fd${n}`],
  ];

  test.each(cases)('cannot be executed: %s', async (_, image, to) => {
    expect(await attack(image, to)).toEqual(refused);
  });

  test.each(cases)(
    'was executed while descriptors were only marked close-on-exec: %s',
    async (_, image, to) => {
      const late = changed(isCloseRange, { flags: ['CLOSE_RANGE_CLOEXEC'] });
      expect(await altered(arena, late, () => attack(image, to))).toMatchObject({ exitCode: 0 });
    },
  );
});

describe('the engine’s own program', () => {
  /** When init executes /proc/self/exe it is still the shim: what CVE-2019-5736 overwrote. */
  test('can be executed from inside and does nothing; it is a sealed copy of the file', async () => {
    expect(await run(arena, ['/proc/self/exe', '3', '4'], { Image: 'probe' })).toMatchObject({
      exitCode: 1,
      output: '',
    });
    await arena.image('overwrite', (root) => {
      writeFileSync(join(root, 'entry'), '#!/proc/self/exe\n');
      chmodSync(join(root, 'entry'), 0o755);
    });
    expect(await run(arena, ['/entry'], { Image: 'overwrite' })).toMatchObject({ exitCode: 1 });
    const copy = `/proc/self/fd/${arena.engine.shimFd}`;
    expect(() => writeFileSync(copy, 'overwritten')).toThrow(/EPERM|ETXTBSY/);
  });
});

describe('a working directory behind a descriptor (S03)', () => {
  const attack = (path: string, image = 'links') =>
    run(arena, ['sh', '-c', 'ls; pwd'], { Image: image, WorkingDir: path }).catch((error) => error);
  const onHost = () => readdirSync(arena.options.execRoot, { recursive: true }).map(String);
  const follow = changed(isWorkdir, { resolve: [] });

  test('is refused, by whatever number, named by the API or by the image', async () => {
    await arena.image('workdir', () => undefined, ['WORKDIR /proc/self/fd/3']);
    expect(await attack('', 'workdir')).toEqual(refused);
    for (const n of numbers) {
      expect(await attack(`/proc/self/fd/${n}`), String(n)).toEqual(refused);
      expect(await attack(`/fd${n}`), String(n)).toEqual(refused);
    }
  });

  test('makes no folder on the host', async () => {
    const before = onHost();
    for (const n of numbers) await attack(`/proc/self/fd/${n}/../evil`);
    for (const n of [3, 4, 5, 16, 23]) await attack(`/fd${n}/../evil`);
    expect(onHost()).toEqual(before);
  });

  test('made one with the lookup that follows it', async () => {
    await altered(arena, follow, () => attack('/proc/self/fd/3/../evil'));
    expect(onHost()).toContain('containers/evil');
  });

  test('is refused by getcwd alone, and entered without both', async () => {
    const marker = `${arena.scratch}/marker`;
    mkdirSync(marker);
    const path = `/proc/self/fd/3/${UP}${arena.scratch}`;
    expect(await altered(arena, follow, () => attack(path))).toEqual(refused);
    const blind: Alteration = (step) => (isGetcwd(step) ? without(isGetcwd)(step) : follow(step));
    const { output } = await altered(arena, blind, () => attack(path));
    expect(output).toContain('marker');
  });
});
