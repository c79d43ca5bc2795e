import { describe, expect, it } from 'vitest';
import { InvalidError } from '../../../src/errors/errors.ts';
import {
  assembleDeviceFilter,
  type DeviceRule,
  dockerDeviceRules,
  parseDeviceRule,
  v1DeviceTexts,
} from '../../../src/kernel/device-filter.ts';

const ACCESS = { m: 1, r: 2, w: 4 };

/** Executes the few instructions the assembler uses: what the kernel would answer. */
function run(
  program: Buffer,
  type: 'b' | 'c',
  major: number,
  minor: number,
  asked: string,
): number {
  const bits = [...asked].reduce((sum, each) => sum | ACCESS[each as keyof typeof ACCESS], 0);
  const context = [(bits << 16) | (type === 'b' ? 1 : 2), major, minor];
  const r = new Array<number>(11).fill(0);
  for (let at = 0; at < program.length; at += 8) {
    const code = program.readUInt8(at);
    const to = program.readUInt8(at + 1) & 15;
    const from = program.readUInt8(at + 1) >> 4;
    const offset = program.readInt16LE(at + 2);
    const constant = program.readInt32LE(at + 4);
    const value = (register: number) => r[register] as number;
    if (code === 0x61) r[to] = context[offset / 4] as number;
    else if (code === 0xbc) r[to] = value(from);
    else if (code === 0xb4) r[to] = constant;
    else if (code === 0x54) r[to] = value(to) & constant;
    else if (code === 0x74) r[to] = value(to) >>> constant;
    else if (code === 0x55) at += value(to) !== constant ? offset * 8 : 0;
    else if (code === 0x5d) at += value(to) !== value(from) ? offset * 8 : 0;
    else if (code === 0x95) return value(0);
    else throw new Error(`unexpected instruction 0x${code.toString(16)}`);
  }
  throw new Error('the program ran past its end');
}

function allows(rules: readonly DeviceRule[]) {
  const program = assembleDeviceFilter(rules);
  return (type: 'b' | 'c', major: number, minor: number, asked: string) =>
    run(program, type, major, minor, asked) === 1;
}

describe('the v2 program', () => {
  it('denies everything without rules', () => {
    const allowed = allows([]);
    expect(allowed('c', 1, 3, 'r')).toBe(false);
    expect(allowed('b', 8, 0, 'm')).toBe(false);
  });

  it('allows what a rule names and nothing beside it', () => {
    const allowed = allows([parseDeviceRule('c 1:3 rw')]);
    expect(allowed('c', 1, 3, 'rw')).toBe(true);
    expect(allowed('c', 1, 3, 'r')).toBe(true);
    expect(allowed('c', 1, 3, 'rwm')).toBe(false);
    expect(allowed('b', 1, 3, 'r')).toBe(false);
    expect(allowed('c', 1, 4, 'r')).toBe(false);
    expect(allowed('c', 2, 3, 'r')).toBe(false);
  });

  it('takes stars for any number and `a` for any type', () => {
    const allowed = allows([parseDeviceRule('a *:* r'), parseDeviceRule('b 8:* w')]);
    expect(allowed('b', 77, 5, 'r')).toBe(true);
    expect(allowed('b', 8, 5, 'w')).toBe(true);
    expect(allowed('b', 8, 5, 'rw')).toBe(false);
    expect(allows([parseDeviceRule('a')])('c', 10, 229, 'rwm')).toBe(true);
  });

  it("with docker's rules lets nodes be made but disks, fuse and the host's console not be opened", () => {
    const allowed = allows(dockerDeviceRules);
    expect(allowed('b', 8, 0, 'm')).toBe(true);
    expect(allowed('b', 8, 0, 'r')).toBe(false);
    expect(allowed('c', 10, 229, 'rw')).toBe(false);
    expect(allowed('c', 5, 1, 'w')).toBe(false);
    for (const minor of [3, 5, 7, 8, 9]) expect(allowed('c', 1, minor, 'rwm')).toBe(true);
    expect(allowed('c', 136, 12, 'rw')).toBe(true);
    expect(allowed('c', 1, 1, 'r')).toBe(false);
  });
});

describe('the v1 lines', () => {
  it('begin with denying all', () => {
    expect(v1DeviceTexts([parseDeviceRule('c 1:3 rwm'), parseDeviceRule('b *:* m')])).toEqual([
      { file: 'devices.deny', data: 'a' },
      { file: 'devices.allow', data: 'c 1:3 rwm' },
      { file: 'devices.allow', data: 'b *:* m' },
    ]);
  });
});

describe('a rule as text', () => {
  it.each(['', 'c', 'd 1:3 r', 'c 1:3', 'c 1:3 x', 'c 1 r', 'c 1:3 rwmr', 'c -1:3 r'])(
    '%j is refused',
    (text) => {
      expect(() => parseDeviceRule(text)).toThrow(InvalidError);
    },
  );
});
