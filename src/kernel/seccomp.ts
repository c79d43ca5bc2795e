/**
 * Makes seccomp filters: from a policy by names to the program the kernel runs before every system call. Which number a
 * name has where, libseccomp knows (seccomp_syscall_resolve_num_arch(3)). Nothing is loaded here: a filter is data, and the
 * shim's step loads it.
 */
import koffi from 'koffi';
import { SystemError } from '../errors/errors.ts';
import {
  type ArgumentCheck,
  assembleSeccompFilter,
  type CallRange,
  type CallTable,
  type Verdict,
} from './seccomp-program.ts';

export interface SeccompPolicy {
  /** Refused with EPERM. */
  refused: ReadonlySet<string>;
  /** Refused as if the kernel did not have it (ENOSYS): callers fall back. */
  unknown: ReadonlySet<string>;
  /** Allowed only when one of the argument checks holds. */
  checked: Readonly<Record<string, readonly ArgumentCheck[]>>;
}

/** Numbers of system calls end well below this on every architecture. */
const NUMBERS_END = 1024;

/** Calls that are told apart by AUDIT_ARCH_… and by how high their numbers begin. */
interface Architecture {
  audit: number;
  /** SCMP_ARCH_… and the first number, for each kind of program that has this AUDIT_ARCH. */
  kinds: readonly [libseccomp: number, first: number][];
}

/** The native architecture first, then those whose calls the same kernel also takes. x32 is x86-64 with a bit set. */
const ARCHITECTURES: Readonly<Record<string, readonly Architecture[]>> = {
  x64: [
    {
      audit: 0xc000003e,
      kinds: [
        [0xc000003e, 0],
        [0x4000003e, 0x40000000],
      ],
    },
    { audit: 0x40000003, kinds: [[0x40000003, 0]] },
  ],
  arm64: [
    { audit: 0xc00000b7, kinds: [[0xc00000b7, 0]] },
    { audit: 0x40000028, kinds: [[0x40000028, 0]] },
  ],
};

/**
 * @returns an array of struct sock_filter, as seccomp(2) takes it
 * @throws SystemError when libseccomp is missing, or knows nothing of this architecture
 */
export function makeSeccompFilter(policy: SeccompPolicy): Buffer {
  const architectures = ARCHITECTURES[process.arch];
  if (!architectures)
    throw new SystemError(`cannot make a seccomp filter for the architecture ${process.arch}`);
  return assembleSeccompFilter(architectures.map((each) => tableOf(each, policy)));
}

function tableOf({ audit, kinds }: Architecture, policy: SeccompPolicy): CallTable {
  const ranges = kinds.flatMap(([kind, first]) => rangesOf(kind, first, policy));
  return { architecture: audit, ranges };
}

/** Neighbours of one verdict are one range; beyond the last known call all are unknown. */
function rangesOf(kind: number, first: number, policy: SeccompPolicy): CallRange[] {
  const ranges: CallRange[] = [];
  for (let from = first; from < first + NUMBERS_END; from++) {
    const verdict = verdictOf(resolveNumber()(kind, from), policy);
    if (ranges.at(-1)?.verdict !== verdict) ranges.push({ from, verdict });
  }
  if (ranges.length < 2) throw new SystemError('libseccomp.so.2 knows no system calls');
  return ranges;
}

function verdictOf(name: string | null, { refused, unknown, checked }: SeccompPolicy): Verdict {
  if (name === null || unknown.has(name)) return 'unknown';
  if (refused.has(name)) return 'refused';
  return checked[name] ?? 'allowed';
}

type Resolve = (architecture: number, number: number) => string | null;

let loaded: Resolve | undefined;

function resolveNumber(): Resolve {
  loaded ??= load();
  return loaded;
}

function load(): Resolve {
  try {
    const so = koffi.load('libseccomp.so.2');
    return so.func(
      'str seccomp_syscall_resolve_num_arch(uint32_t architecture, int number)',
    ) as unknown as Resolve;
  } catch (error) {
    throw new SystemError('libseccomp.so.2 is not here: install the package libseccomp2', {
      cause: error,
    });
  }
}
