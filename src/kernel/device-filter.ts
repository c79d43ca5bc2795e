/**
 * Which devices a control group may open. The same rules become a BPF program on v2 (bpf(2),
 * BPF_PROG_TYPE_CGROUP_DEVICE) and lines for `devices.deny` and `devices.allow` on v1 (kernel
 * documentation, cgroup-v1/devices). Everything is denied but what a rule allows.
 */
import koffi from 'koffi';
import { InvalidError } from '../errors/errors.ts';
import { check, constants, declare } from './ffi.ts';
import { close, open } from './files.ts';

export interface DeviceRule {
  /** Character, block, or both. */
  type: 'c' | 'b' | 'a';
  /** null: any. */
  major: number | null;
  minor: number | null;
  /** Of `r` read, `w` write, `m` mknod. */
  access: string;
}

/**
 * Docker's, without 5:1: a container's /dev/console is a pseudo-terminal (136:N), and 5:1 made by mknod
 * would be the host's. Making any node is allowed, as package managers do it; opening it is not.
 */
export const dockerDeviceRules: readonly DeviceRule[] = [
  'c *:* m',
  'b *:* m',
  'c 1:3 rwm', // null
  'c 1:5 rwm', // zero
  'c 1:7 rwm', // full
  'c 1:8 rwm', // random
  'c 1:9 rwm', // urandom
  'c 5:0 rwm', // tty
  'c 5:2 rwm', // ptmx
  'c 136:* rwm', // pts
].map(parseDeviceRule);

/**
 * @param text as docker's `--device-cgroup-rule` has it: `c 1:3 rwm`, `b *:* m`, `a`
 * @throws InvalidError for anything else
 */
export function parseDeviceRule(text: string): DeviceRule {
  if (text === 'a') return { type: 'a', major: null, minor: null, access: 'rwm' };
  const match = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text);
  if (!match) throw new InvalidError(`invalid device cgroup rule format: '${text}'`);
  const [, type, major, minor, access] = match as unknown as string[];
  const number = (each: string | undefined) => (each === '*' ? null : Number(each));
  return {
    type: type as DeviceRule['type'],
    major: number(major),
    minor: number(minor),
    access: access as string,
  };
}

/** What to write on v1, in order. */
export function v1DeviceTexts(
  rules: readonly DeviceRule[],
): { file: 'devices.deny' | 'devices.allow'; data: string }[] {
  const allowed = rules.map((rule) => ({
    file: 'devices.allow' as const,
    data: `${rule.type} ${rule.major ?? '*'}:${rule.minor ?? '*'} ${rule.access}`,
  }));
  return [{ file: 'devices.deny', data: 'a' }, ...allowed];
}

/**
 * The v2 program: for each rule, compare and return 1 if it allows all that is asked; at the end return 0.
 * @returns the instructions as the kernel takes them (8 bytes each)
 */
export function assembleDeviceFilter(rules: readonly DeviceRule[]): Buffer {
  return Buffer.concat([...LOAD_CONTEXT, ...rules.map(ruleProgram), ...verdict(0)]);
}

/**
 * Attaches a filter to a v2 group, for it and all groups below; filters of groups above still count.
 * @param path the group's folder
 * @throws KernelError when the kernel refuses
 */
export function attachDeviceFilter(path: string, rules: readonly DeviceRule[]): void {
  const group = open(path, ['O_RDONLY', 'O_DIRECTORY', 'O_CLOEXEC']);
  try {
    const program = loadProgram(assembleDeviceFilter(rules));
    try {
      attach(group, program, path);
    } finally {
      close(program);
    }
  } finally {
    close(group);
  }
}

// -- assembling: instruction = code, destination and source register, offset, constant --

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

// -- bpf(2) --

const LoadAttributes = koffi.struct('petri_bpf_prog_load', {
  prog_type: 'uint32_t',
  insn_cnt: 'uint32_t',
  insns: 'const uint8_t *',
  license: 'const char *',
  log_level: 'uint32_t',
  log_size: 'uint32_t',
  log_buf: 'uint8_t *',
  kern_version: 'uint32_t',
  prog_flags: 'uint32_t',
});

const c = {
  load: declare(
    'long syscall(long number, int command, const petri_bpf_prog_load *attributes, unsigned int size)',
  ),
  attach: declare(
    'long syscall(long number, int command, const void *attributes, unsigned int size)',
  ),
};

function loadProgram(instructions: Buffer): number {
  const attributes = {
    prog_type: constants.BPF_PROG_TYPE_CGROUP_DEVICE,
    insn_cnt: instructions.length / 8,
    insns: instructions,
    license: 'MIT',
    log_level: 0,
    log_size: 0,
    log_buf: null,
    kern_version: 0,
    prog_flags: 0,
  };
  const size = koffi.sizeof(LoadAttributes);
  const ret = c.load(constants.SYS_bpf, constants.BPF_PROG_LOAD, attributes, size);
  return check(
    ret,
    'bpf',
    ['BPF_PROG_LOAD', 'device filter'],
    'the kernel needs CONFIG_CGROUP_BPF',
  );
}

function attach(group: number, program: number, path: string): void {
  const attributes = new Uint32Array([
    group,
    program,
    constants.BPF_CGROUP_DEVICE,
    constants.BPF_F_ALLOW_MULTI,
  ]);
  const ret = c.attach(
    constants.SYS_bpf,
    constants.BPF_PROG_ATTACH,
    attributes,
    attributes.byteLength,
  );
  check(ret, 'bpf', ['BPF_PROG_ATTACH', path], 'the kernel needs CONFIG_CGROUP_BPF');
}
