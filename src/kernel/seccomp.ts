/**
 * Makes seccomp filters: from a policy by names to the program the kernel runs before every system call, by
 * libseccomp (seccomp_rule_add(3)). Nothing is loaded here: a filter is data, and the shim's step loads it.
 */
import { closeSync, readFileSync } from 'node:fs';
import koffi from 'koffi';
import { SystemError } from '../errors/errors.ts';
import { errnoName } from './ffi.ts';
import { memfdCreate } from './memfd.ts';

export interface SeccompPolicy {
  /** Refused with EPERM. */
  refused: ReadonlySet<string>;
  /** Refused as if the kernel did not have it (ENOSYS): callers fall back. */
  unknown: ReadonlySet<string>;
  /** Allowed only when one of the argument checks holds. */
  checked: Readonly<Record<string, readonly ArgumentCheck[]>>;
}

/** One comparison of an argument's low 32 bits: `masked` is (argument & mask) == value. */
export type ArgumentCheck =
  | { argument: number; is: 'less' | 'equal' | 'greater'; value: number }
  | { argument: number; is: 'masked'; mask: number; value: number };

const ALLOW = 0x7fff0000;
const ERRNO = 0x00050000;
const EPERM = 1;
const ENOSYS = 38;
const COMPARE = { less: 2, equal: 4, greater: 6, masked: 7 } as const;
/** Attributes of seccomp_attr_set(3): a tree of comparisons in place of a long row of them. */
const OPTIMIZE = 8;
const TREE = 2;
/** Numbers of system calls end well below this on every architecture. */
const NUMBERS_END = 1024;

/** The native architecture first, then those whose calls the same kernel also takes. */
const ARCHITECTURES: Readonly<Record<string, readonly number[]>> = {
  x64: [0xc000003e, 0x40000003, 0x4000003e],
  arm64: [0xc00000b7, 0x40000028],
};

/**
 * @returns an array of struct sock_filter, as seccomp(2) takes it
 * @throws SystemError when libseccomp is missing or refuses a rule
 */
export function makeSeccompFilter(policy: SeccompPolicy): Buffer {
  const c = library();
  const context = c.init(ERRNO | ENOSYS);
  if (!context) throw new SystemError('cannot make a seccomp filter: seccomp_init failed');
  try {
    const architectures = ARCHITECTURES[process.arch] ?? [];
    for (const architecture of architectures.slice(1))
      must(c.archAdd(context, architecture), 'seccomp_arch_add');
    must(c.attrSet(context, OPTIMIZE, TREE), 'seccomp_attr_set');
    for (const name of knownCalls(architectures)) addRules(context, name, policy);
    return exportFilter(context);
  } finally {
    c.release(context);
  }
}

function addRules(context: unknown, name: string, policy: SeccompPolicy): void {
  const checks = policy.checked[name];
  if (policy.unknown.has(name)) return;
  if (policy.refused.has(name)) addRule(context, ERRNO | EPERM, name);
  else if (!checks) addRule(context, ALLOW, name);
  else for (const check of checks) addRule(context, ALLOW, name, check);
}

function addRule(context: unknown, action: number, name: string, check?: ArgumentCheck): void {
  const c = library();
  const number = c.resolveName(name);
  const ret = c.ruleAdd(context, action, number, check ? 1 : 0, check ? comparison(check) : null);
  // A call that an architecture does not have needs no rule there.
  if (ret < 0 && -ret !== 22 && -ret !== 33) must(ret, `seccomp_rule_add ${name}`);
}

/** struct scmp_arg_cmp { unsigned arg; enum op; uint64 a; uint64 b }; the kernel uses 32 bits, so the mask is 32 wide. */
function comparison(check: ArgumentCheck): Buffer {
  const bytes = Buffer.alloc(24);
  bytes.writeUInt32LE(check.argument, 0);
  const exact = check.is === 'equal';
  bytes.writeUInt32LE(exact ? COMPARE.masked : COMPARE[check.is], 4);
  if (check.is === 'masked' || exact) {
    bytes.writeBigUInt64LE(BigInt(check.is === 'masked' ? check.mask : 0xffffffff), 8);
    bytes.writeBigUInt64LE(BigInt(check.value), 16);
  } else bytes.writeBigUInt64LE(BigInt(check.value), 8);
  return bytes;
}

/** Every call libseccomp knows by name on these architectures. */
function knownCalls(architectures: readonly number[]): Set<string> {
  if (known) return known;
  const names = new Set<string>();
  for (const architecture of architectures)
    for (let number = 0; number < NUMBERS_END; number++) {
      const name = library().resolveNumber(architecture, number);
      if (name) names.add(name);
    }
  known = names;
  return names;
}

let known: Set<string> | undefined;

function exportFilter(context: unknown): Buffer {
  const fd = memfdCreate('petri-seccomp');
  try {
    must(library().exportBpf(context, fd), 'seccomp_export_bpf');
    return readFileSync(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}

function must(ret: number, what: string): void {
  if (ret >= 0) return;
  throw new SystemError(`cannot make a seccomp filter: ${what}: ${errnoName(-ret)}`);
}

interface Library {
  init(action: number): unknown;
  release(context: unknown): void;
  archAdd(context: unknown, architecture: number): number;
  attrSet(context: unknown, attribute: number, value: number): number;
  ruleAdd(
    context: unknown,
    action: number,
    call: number,
    count: number,
    checks: Buffer | null,
  ): number;
  resolveName(name: string): number;
  resolveNumber(architecture: number, number: number): string | null;
  exportBpf(context: unknown, fd: number): number;
}

let loaded: Library | undefined;

function library(): Library {
  loaded ??= load();
  return loaded;
}

function load(): Library {
  try {
    const so = koffi.load('libseccomp.so.2');
    return {
      init: so.func('void *seccomp_init(uint32_t action)'),
      release: so.func('void seccomp_release(void *context)'),
      archAdd: so.func('int seccomp_arch_add(void *context, uint32_t architecture)'),
      attrSet: so.func('int seccomp_attr_set(void *context, int attribute, uint32_t value)'),
      ruleAdd: so.func(
        'int seccomp_rule_add_array(void *context, uint32_t action, int call, unsigned int count, const void *checks)',
      ),
      resolveName: so.func('int seccomp_syscall_resolve_name(const char *name)'),
      resolveNumber: so.func(
        'str seccomp_syscall_resolve_num_arch(uint32_t architecture, int number)',
      ),
      exportBpf: so.func('int seccomp_export_bpf(void *context, int fd)'),
    } as unknown as Library;
  } catch (error) {
    throw new SystemError('libseccomp.so.2 is not here: install the package libseccomp2', {
      cause: error,
    });
  }
}
