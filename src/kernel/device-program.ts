/**
 * Assembles the BPF program that decides which devices a v2 control group may open. Pure.
 * bpf(2), BPF_PROG_TYPE_CGROUP_DEVICE; kernel documentation, bpf/standardization/instruction-set.
 */
import type { DeviceRule } from './device-filter.ts';
import { constants } from './ffi.ts';

/**
 * The v2 program: for each rule, compare and return 1 if it allows all that is asked; at the end return 0.
 * @returns the instructions as the kernel takes them (8 bytes each)
 */
export function assembleDeviceFilter(rules: readonly DeviceRule[]): Buffer {
  return Buffer.concat([...LOAD_CONTEXT, ...rules.map(ruleProgram), ...verdict(0)]);
}

/** Registers: 1 the context, then what is read from it, and one to calculate in. */
const R = { result: 0, context: 1, type: 2, access: 3, major: 4, minor: 5, scratch: 6 } as const;

/** Codes of the BPF instruction set (kernel documentation, bpf/standardization/instruction-set). */
const OP = {
  loadWord: 0x61,
  moveRegister: 0xbc,
  moveConstant: 0xb4,
  andConstant: 0x54,
  shiftRight: 0x74,
  jumpIfNot: 0x55,
  jumpIfNotRegister: 0x5d,
  exit: 0x95,
} as const;

const ALL_ACCESS =
  constants.BPF_DEVCG_ACC_MKNOD | constants.BPF_DEVCG_ACC_READ | constants.BPF_DEVCG_ACC_WRITE;

function instruction(code: number, to: number, from = 0, offset = 0, constant = 0): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt8(code, 0);
  bytes.writeUInt8(to | (from << 4), 1);
  bytes.writeInt16LE(offset, 2);
  bytes.writeInt32LE(constant, 4);
  return bytes;
}

/** struct bpf_cgroup_dev_ctx: access << 16 | type, major, minor; each 32 bits. */
const LOAD_CONTEXT = [
  instruction(OP.loadWord, R.type, R.context, 0),
  instruction(OP.moveRegister, R.access, R.type),
  instruction(OP.andConstant, R.type, 0, 0, 0xffff),
  instruction(OP.shiftRight, R.access, 0, 0, 16),
  instruction(OP.loadWord, R.major, R.context, 4),
  instruction(OP.loadWord, R.minor, R.context, 8),
];

function verdict(result: 0 | 1): Buffer[] {
  return [instruction(OP.moveConstant, R.result, 0, 0, result), instruction(OP.exit, 0)];
}

/** Each comparison that fails jumps behind the rule's verdict. */
function ruleProgram(rule: DeviceRule): Buffer {
  const tests: ((toNext: number) => Buffer[])[] = [];
  if (rule.type !== 'a') tests.push((next) => [jumpUnless(R.type, typeNumber(rule.type), next)]);
  if (accessBits(rule.access) !== ALL_ACCESS) tests.push((next) => accessTest(rule.access, next));
  for (const [register, value] of [
    [R.major, rule.major],
    [R.minor, rule.minor],
  ] as const) {
    if (value !== null) tests.push((next) => [jumpUnless(register, value, next)]);
  }
  let program = verdict(1);
  for (const test of tests.reverse()) program = [...test(program.length), ...program];
  return Buffer.concat(program);
}

function jumpUnless(register: number, value: number, distance: number): Buffer {
  return instruction(OP.jumpIfNot, register, 0, distance, value);
}

/** Everything asked for must be among what is allowed: (asked & allowed) == asked. */
function accessTest(access: string, distance: number): Buffer[] {
  return [
    instruction(OP.moveRegister, R.scratch, R.access),
    instruction(OP.andConstant, R.scratch, 0, 0, accessBits(access)),
    instruction(OP.jumpIfNotRegister, R.scratch, R.access, distance),
  ];
}

function typeNumber(type: DeviceRule['type']): number {
  return type === 'c' ? constants.BPF_DEVCG_DEV_CHAR : constants.BPF_DEVCG_DEV_BLOCK;
}

function accessBits(access: string): number {
  return (
    (access.includes('r') ? constants.BPF_DEVCG_ACC_READ : 0) |
    (access.includes('w') ? constants.BPF_DEVCG_ACC_WRITE : 0) |
    (access.includes('m') ? constants.BPF_DEVCG_ACC_MKNOD : 0)
  );
}
