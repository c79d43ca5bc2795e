/** Golden files are renewed by `npx vitest run --project unit -u explain`; look at the diff. */
import { describe, expect, test } from 'vitest';
import { formatCall } from '../../src/explain/call.ts';
import { renderScript } from '../../src/explain/script.ts';
import { renderStepLine, renderSteps } from '../../src/explain/steps.ts';
import { summary } from '../../src/explain/summary.ts';
import { elapsedNs, ownTimes } from '../../src/explain/time.ts';
import { slot } from '../../src/step/step.ts';
import { failedAt, results, steps } from './explain-fixture.ts';

const EACCES = 13;
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
const CONTROL = /[\x00-\x09\x0b-\x1f\x7f-\x9f]/;

describe('the list of steps', () => {
  test('before: the plan', async () => {
    await expect(renderSteps(steps)).toMatchFileSnapshot('golden/explain-plan.txt');
  });

  test('afterwards: results and times by phase', async () => {
    await expect(renderSteps(steps, results)).toMatchFileSnapshot('golden/explain-steps.txt');
  });

  test('after a failure: which step, and that the rest was not tried', () => {
    const text = renderSteps(steps, failedAt(13, EACCES));
    expect(text).toMatch(/13 init +pivot_root\("\.", "\."\) += -1 EACCES +20 µs/);
    expect(text).toMatch(/15 init +mount\([^=]*$/m);
    expect(text).toMatch(/13 steps of 20 · step 13 failed, .* undone\n$/);
  });

  test.each([80, 100, 200])('keeps to %i columns, but for paths longer than that', (width) => {
    for (const line of renderSteps(steps, results, { width }).split('\n')) {
      const path = /\S*\/\S*\/\S*/.exec(line)?.[0] ?? '';
      expect(line.length).toBeLessThanOrEqual(width + path.length);
    }
  });

  test('colours only when asked', () => {
    const [step, result] = [steps[0], results[0]];
    if (!step) throw new Error('no step');
    expect(renderStepLine(step, result)).not.toMatch(CONTROL);
    expect(renderStepLine(step, result, { color: true })).toContain('\x1b[2m');
  });

  test('no control byte of the configuration reaches the terminal', () => {
    for (const text of [
      renderSteps(steps, results),
      renderScript(steps),
      summary(steps, results),
    ]) {
      expect(text).not.toMatch(CONTROL);
    }
    expect(renderSteps(steps)).toContain(String.raw`sethostname("c\x1b]0;owned\x07")`);
  });
});

describe('steps as they happen', () => {
  const live = steps.map((step, i) =>
    renderStepLine(step, results[i], { previous: steps[i - 1] ?? null }),
  );

  test('are the same text as afterwards, but for counts and times of phases', () => {
    const withoutRules = (text: string) => text.replace(/─{3,}.*$/gm, '');
    const afterwards = renderSteps(steps, results).split('\n').slice(0, -3).join('\n');
    const sameTime = (text: string) => text.replace(/\d+ µs$/gm, '').replace(/ +$/gm, '');
    expect(sameTime(withoutRules(live.join('\n')))).toBe(sameTime(withoutRules(afterwards)));
  });
});

describe('a call', () => {
  test.each([
    [
      'positions, null, flags',
      'mount',
      { source: null, target: '/', fstype: null, flags: ['MS_REC', 'MS_PRIVATE'], data: null },
      'mount(NULL, "/", NULL, MS_REC|MS_PRIVATE, NULL)',
    ],
    [
      'no flags',
      'fsmount',
      { fs: slot('o'), flags: ['FSMOUNT_CLOEXEC'], attr_flags: [], out: slot('root') },
      'fsmount(<o>, FSMOUNT_CLOEXEC, 0) → <root>',
    ],
    ['octal modes', 'mkdir', { path: '/a', mode: 0o1777 }, 'mkdir("/a", 01777)'],
    ['mask 0', 'umask', { mask: 0 }, 'umask(0)'],
    ['lists of numbers', 'setgroups', { groups: [1, 2] }, 'setgroups([1, 2])'],
    [
      'an environment is counted',
      'execve',
      { file: 'x', argv: ['FOO_BAR'], envp: ['A=1'] },
      'execve("x", ["FOO_BAR"], /* 1 variables */)',
    ],
    [
      'messages by name',
      'RTM_NEWROUTE',
      { gateway: '10.0.0.1', device: 'eth0', source: null },
      'RTM_NEWROUTE {gateway="10.0.0.1", device="eth0"}',
    ],
    [
      'bytes',
      'seccomp',
      { flags: 0, filter: new Uint8Array(16) },
      'seccomp(0, /* 2 instructions */)',
    ],
    ['ids', 'rmdir', { path: `/x/${'ab'.repeat(32)}/y` }, 'rmdir("/x/abababababab…/y")'],
    [
      'quotes',
      'write',
      { path: '/x', data: 'a"b\\c\u202e' },
      String.raw`write("/x", "a\"b\\c\u202e")`,
    ],
  ])('%s', (_what, call, args, text) => {
    expect(formatCall({ call, args })).toBe(text);
  });
});

describe('the script', () => {
  test('has every step, and runs those of the container inside it', async () => {
    await expect(renderScript(steps)).toMatchFileSnapshot('golden/explain-script.sh');
  });
});

describe('the summary', () => {
  test('is twelve lines', async () => {
    expect(summary(steps, results).trimEnd().split('\n')).toHaveLength(12);
    await expect(summary(steps, results)).toMatchFileSnapshot('golden/explain-summary.txt');
  });

  test('is twelve lines, too, without a network', () => {
    const rest = steps.filter((step) => step.phase !== 'network');
    const text = summary(rest, results);
    expect(text.trimEnd().split('\n')).toHaveLength(12);
    expect(text).toMatch(/network +0 steps .* nothing to do/);
  });
});

describe('times', () => {
  test('of clone3 are without those of the steps it waited for', () => {
    const own = ownTimes(results);
    expect(own.get(7)).toBe((13 * 30 + 25 - 13 * 20) * 1000);
    expect(own.get(8)).toBe(20_000);
  });

  test('the whole is from the first beginning to the last end', () => {
    expect(elapsedNs(results)).toBe((20 - 1) * 30_000 + 25_000);
    expect(elapsedNs([])).toBe(0);
  });
});
