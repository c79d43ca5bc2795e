/**
 * Assembles the program that the kernel runs before every system call: classic BPF over struct seccomp_data. Pure.
 * seccomp(2), "Filters"; kernel documentation, userspace-api/seccomp_filter.
 *
 * The kernel checks, translates and tries out a program each time it is loaded, which is once for each container and each exec:
 * what counts is that it is short. Calls are looked up by halving their ranges.
 */

/** One comparison of an argument's low 32 bits, which are what the kernel looks at: `masked` is (argument & mask) == value. */
export type ArgumentCheck =
  | { argument: number; is: 'less' | 'equal' | 'greater'; value: number }
  | { argument: number; is: 'masked'; mask: number; value: number };

/** `refused`: EPERM. `unknown`: ENOSYS. Checks: allowed when one of them holds, else unknown. */
export type Verdict = 'allowed' | 'refused' | 'unknown' | readonly ArgumentCheck[];

/** All calls from this number on, up to the next range. */
export interface CallRange {
  from: number;
  verdict: Verdict;
}

export interface CallTable {
  /** AUDIT_ARCH_… of linux/audit.h */
  architecture: number;
  /** The first begins at 0; in order. */
  ranges: readonly CallRange[];
}

/** @returns an array of struct sock_filter; a call of an architecture that has no table ends the thread */
export function assembleSeccompFilter(tables: readonly CallTable[]): Buffer {
  const program = new Program();
  let place = program.push(OP.return, KILL);
  for (const { architecture, ranges } of tables) {
    const other = place;
    const own = addTable(program, ranges);
    place = program.jump(OP.jumpIfEqual, architecture, own, other);
  }
  program.goOn(place);
  program.push(OP.load, ARCHITECTURE_AT);
  return program.bytes();
}

const OP = {
  load: 0x20,
  and: 0x54,
  jump: 0x05,
  jumpIfEqual: 0x15,
  jumpIfGreater: 0x25,
  jumpIfNotLess: 0x35,
  return: 0x06,
} as const;

const KILL = 0;
const ALLOW = 0x7fff0000;
const ERRNO = 0x00050000;
const EPERM = 1;
const ENOSYS = 38;
/** Offsets in struct seccomp_data; of an argument's 64 bits the low ones come first. */
const NUMBER_AT = 0;
const ARCHITECTURE_AT = 4;
const ARGUMENTS_AT = 16;

/** How many instructions lie from it to the end of the program, itself included. */
type Place = number;

/** A program is put together from its end, for it can only jump forward: to what is there already. */
class Program {
  readonly #reversed: Buffer[] = [];

  push(code: number, constant: number, yes = 0, no = 0): Place {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt16LE(code, 0);
    bytes.writeUInt8(yes, 2);
    bytes.writeUInt8(no, 3);
    bytes.writeUInt32LE(constant, 4);
    return this.#reversed.push(bytes);
  }

  jump(code: number, constant: number, yes: Place, no: Place): Place {
    const [near, other] = [this.#near(yes), this.#near(no)];
    return this.push(code, constant, this.#distance(near), this.#distance(other));
  }

  /** What is pushed next is followed by this. */
  goOn(place: Place): void {
    if (this.#distance(place) > 0) this.push(OP.jump, this.#distance(place));
  }

  bytes(): Buffer {
    return Buffer.concat(this.#reversed.toReversed());
  }

  #distance(place: Place): number {
    return this.#reversed.length - place;
  }

  /** A comparison jumps over 255 instructions at most; two jumps more may come between. */
  #near(place: Place): Place {
    return this.#distance(place) <= 253 ? place : this.push(OP.jump, this.#distance(place));
  }
}

function addTable(program: Program, ranges: readonly CallRange[]): Place {
  const unknown = program.push(OP.return, ERRNO | ENOSYS);
  const refused = program.push(OP.return, ERRNO | EPERM);
  const allowed = program.push(OP.return, ALLOW);
  const places = { unknown, refused, allowed };
  const targets = ranges.map(({ from, verdict }) => {
    const place =
      typeof verdict === 'string' ? places[verdict] : addChecks(program, verdict, places);
    return { from, place };
  });
  program.goOn(search(program, targets));
  return program.push(OP.load, NUMBER_AT);
}

function search(program: Program, targets: readonly { from: number; place: Place }[]): Place {
  const middle = targets.length >> 1;
  const { from, place } = targets[middle] as (typeof targets)[number];
  if (middle === 0) return place;
  const above = search(program, targets.slice(middle));
  const below = search(program, targets.slice(0, middle));
  return program.jump(OP.jumpIfNotLess, from, above, below);
}

function addChecks(
  program: Program,
  checks: readonly ArgumentCheck[],
  { allowed, unknown }: { allowed: Place; unknown: Place },
): Place {
  let next = unknown;
  for (const check of checks.toReversed()) {
    next = addComparison(program, check, allowed, next);
    if (check.is === 'masked') next = program.push(OP.and, check.mask);
    next = program.push(OP.load, ARGUMENTS_AT + 8 * check.argument);
  }
  return next;
}

function addComparison(
  program: Program,
  { is, value }: ArgumentCheck,
  yes: Place,
  no: Place,
): Place {
  if (is === 'less') return program.jump(OP.jumpIfNotLess, value, no, yes);
  return program.jump(is === 'greater' ? OP.jumpIfGreater : OP.jumpIfEqual, value, yes, no);
}
