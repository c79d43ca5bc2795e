/** The filter of system calls as a program: executed here instruction by instruction, as the kernel would. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ArgumentCheck,
  assembleSeccompFilter,
  type CallTable,
  type Verdict,
} from '../../../src/kernel/seccomp-program.ts';

interface Call {
  architecture: number;
  number: number;
  /** 64 bits. */
  argument: bigint;
}

const ALLOWED = 0x7fff0000;
const REFUSED = 0x00050001;
const UNKNOWN = 0x00050026;

/** Classic BPF: kernel documentation, networking/filter. */
function execute(program: Buffer, { architecture, number, argument }: Call): number {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number, 0);
  data.writeUInt32LE(architecture, 4);
  data.writeBigUInt64LE(argument, 16);
  let accumulator = 0;
  for (let at = 0; ; at += 8) {
    const [code, constant] = [program.readUInt16LE(at), program.readUInt32LE(at + 4)];
    const jump = (holds: boolean) => {
      at += 8 * program.readUInt8(at + (holds ? 2 : 3));
    };
    if (code === 0x06) return constant;
    if (code === 0x20) accumulator = data.readUInt32LE(constant);
    else if (code === 0x54) accumulator = (accumulator & constant) >>> 0;
    else if (code === 0x05) at += 8 * constant;
    else if (code === 0x15) jump(accumulator === constant);
    else if (code === 0x25) jump(accumulator > constant);
    else if (code === 0x35) jump(accumulator >= constant);
    else throw new Error(`instruction ${code.toString(16)} is none of the filter's`);
  }
}

/** What the tables say, in plain words. */
function expected(tables: readonly CallTable[], call: Call): number {
  const table = tables.find(({ architecture }) => architecture === call.architecture);
  if (!table) return 0;
  const { verdict } = table.ranges.findLast(({ from }) => from <= call.number) ?? {};
  if (verdict === 'allowed') return ALLOWED;
  if (verdict === 'refused') return REFUSED;
  const low = Number(call.argument & 0xffffffffn);
  const holds = typeof verdict === 'object' && verdict.some((check) => holdsFor(check, low));
  return holds ? ALLOWED : UNKNOWN;
}

function holdsFor(check: ArgumentCheck, low: number): boolean {
  if (check.is === 'less') return low < check.value;
  if (check.is === 'greater') return low > check.value;
  return (check.is === 'masked' ? (low & check.mask) >>> 0 : low) === check.value;
}

const small = fc.integer({ min: 0, max: 9 });
const check: fc.Arbitrary<ArgumentCheck> = fc.oneof(
  fc.record({
    argument: fc.constant(0),
    is: fc.constantFrom('less' as const, 'equal' as const, 'greater' as const),
    value: small,
  }),
  fc.record({
    argument: fc.constant(0),
    is: fc.constant('masked' as const),
    mask: small,
    value: small,
  }),
);
const verdict: fc.Arbitrary<Verdict> = fc.oneof(
  fc.constantFrom('allowed' as const, 'refused' as const, 'unknown' as const),
  fc.array(check, { minLength: 1, maxLength: 3 }),
);
const table = (architecture: number): fc.Arbitrary<CallTable> =>
  fc
    .array(fc.tuple(fc.integer({ min: 1, max: 40 }), verdict), { minLength: 1, maxLength: 400 })
    .map((parts) => {
      let next = 0;
      const ranges = parts.map(([width, one]) => {
        const from = next;
        next += width;
        return { from, verdict: one };
      });
      return { architecture, ranges };
    });
const call: fc.Arbitrary<Call> = fc.record({
  architecture: fc.constantFrom(1, 0xc000003e, 3),
  number: fc.oneof(fc.integer({ min: 0, max: 9000 }), fc.integer({ min: 0, max: 0xffffffff })),
  argument: fc
    .bigInt({ min: 0n, max: 15n })
    .chain((low) => fc.constantFrom(low, low | (1n << 32n))),
});

describe('a filter of system calls', () => {
  it('says of each call what its table says, however long that is', () => {
    fc.assert(
      fc.property(
        fc.tuple(table(1), table(0xc000003e)),
        fc.array(call, { minLength: 50, maxLength: 50 }),
        (tables, calls) => {
          const program = assembleSeccompFilter(tables);
          for (const one of calls) expect(execute(program, one)).toBe(expected(tables, one));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('is not led astray by the upper half of an argument, which the kernel does not look at', () => {
    const checks: Verdict = [
      { argument: 0, is: 'less', value: 38 },
      { argument: 0, is: 'greater', value: 40 },
    ];
    const program = assembleSeccompFilter([
      { architecture: 1, ranges: [{ from: 0, verdict: checks }] },
    ]);
    const of = (argument: bigint) => execute(program, { architecture: 1, number: 7, argument });
    expect([2n, 41n, (1n << 32n) | 2n].map(of)).toEqual([ALLOWED, ALLOWED, ALLOWED]);
    expect([38n, 40n, (1n << 32n) | 40n].map(of)).toEqual([UNKNOWN, UNKNOWN, UNKNOWN]);
  });

  it('ends the thread that calls by the rules of another architecture', () => {
    const ranges = [{ from: 0, verdict: 'allowed' as const }];
    const program = assembleSeccompFilter([{ architecture: 1, ranges }]);
    expect(execute(program, { architecture: 3, number: 1, argument: 0n })).toBe(0);
  });
});
