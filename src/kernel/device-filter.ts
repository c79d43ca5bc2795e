/**
 * Which devices a control group may open. The same rules become a BPF program on v2 (bpf(2),
 * BPF_PROG_TYPE_CGROUP_DEVICE) and lines for `devices.deny` and `devices.allow` on v1 (kernel
 * documentation, cgroup-v1/devices). Everything is denied but what a rule allows.
 */
import koffi from 'koffi';
import { InvalidError } from '../errors/errors.ts';
import { assembleDeviceFilter } from './device-program.ts';
import { check, constants, declare } from './ffi.ts';
import { close, open } from './files.ts';

export { assembleDeviceFilter };

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
