/**
 * Encodes a plan for the shim (docs/shim.md, "The plan on the wire"). Pure: names become numbers here,
 * so that the shim knows no names, and whatever the shim would refuse is refused here with a message.
 */
import { constants } from '../kernel/generated/constants.ts';
import { errnoNumber, flagNumber } from './flags.ts';
import { type OpName, ops } from './generated/ops.ts';
import { type Arg, type Args, isSlot, type Step } from './step.ts';
import { WireWriter } from './wire-writer.ts';

/** What the shim itself needs to know; the pseudo-operation `plan`. */
export interface ShimPlan {
  readonly id: string;
  /** Absolute; empty: no log is kept. */
  readonly logPath: string;
  /** 0: never rotated. */
  readonly logMaxBytes: number;
  /** Files in all, the current one included. */
  readonly logMaxFiles: number;
  /** Connections to wait for before the first step, supervisors' included. */
  readonly clients: number;
  readonly terminal: boolean;
  readonly stdinOpen: boolean;
  readonly stdinOnce: boolean;
  readonly rows: number;
  readonly columns: number;
}

/** Slots by which the shim's loop knows what is whose. */
export const fixedSlots = {
  stdin_write: 0,
  stdout_read: 1,
  stderr_read: 2,
  terminal: 3,
  pidfd: 4,
} as const;

const actors = { shim: 1, init: 2 } as const;
const maxSlots = 256;
const maxRecords = 1024;
const maxBytes = 8 << 20;

/**
 * @param steps the whole list; the supervisor's own steps are left out
 * @param inherited descriptors the shim is started with, by slot name
 * @returns the bytes for the plan's memfd
 * @throws TypeError for an unknown call, argument or flag, a missing argument, NUL in a string, a slot
 *   that nothing filled before, or a list that does not end its parts in clone3 and execve
 */
export function encodePlan(
  plan: ShimPlan,
  steps: readonly Step[],
  inherited: ReadonlyMap<string, number>,
): Uint8Array {
  const executed = steps.filter((step) => step.actor !== 'supervisor');
  assertOrder(executed);
  const slots = new Slots(inherited.keys());
  const records = new WireWriter();
  records.measured(() => encodePlanRecord(records, plan));
  for (const step of executed) records.measured(() => encodeStep(records, step, slots));
  const writer = new WireWriter();
  writer.raw(Buffer.from('PTRI')).u32(1).u32(slots.count).u32(inherited.size);
  writer.u32(executed.length + 1);
  for (const [name, fd] of inherited) writer.u32(slots.number(name)).u32(fd);
  const bytes = writer.raw(records.bytes()).bytes();
  if (bytes.length > maxBytes || executed.length >= maxRecords)
    throw new TypeError(`plan too long: ${executed.length} steps, ${bytes.length} bytes`);
  return bytes;
}

/** Names of slots to numbers, and which of them hold a descriptor at this point of the list. */
class Slots {
  private readonly numbers = new Map<string, number>(Object.entries(fixedSlots));
  private readonly filled: Set<string>;

  constructor(inherited: Iterable<string>) {
    this.filled = new Set(inherited);
    for (const name of this.filled) this.number(name);
  }
  get count(): number {
    return this.numbers.size;
  }
  number(name: string): number {
    const known = this.numbers.get(name);
    if (known !== undefined) return known;
    if (this.numbers.size === maxSlots) throw new TypeError(`more than ${maxSlots} slots`);
    this.numbers.set(name, this.numbers.size);
    return this.numbers.size - 1;
  }
  use(name: string): number {
    if (!this.filled.has(name)) throw new TypeError(`slot ${name} holds no descriptor here`);
    return this.number(name);
  }
  fill(name: string): number {
    if (this.filled.has(name)) throw new TypeError(`slot ${name} holds a descriptor already`);
    this.filled.add(name);
    return this.number(name);
  }
  empty(name: string): void {
    this.filled.delete(name);
  }
}

function assertOrder(steps: readonly Step[]): void {
  const firstOfInit = steps.findIndex((step) => step.actor === 'init');
  steps.forEach((step, i) => {
    const ofInit = firstOfInit >= 0 && i >= firstOfInit;
    if ((step.actor === 'init') !== ofInit)
      throw new TypeError(`step ${step.n}: the shim's steps come before init's`);
    if (!ofInit && (step.call === 'clone3') !== (i === firstOfInit - 1))
      throw new TypeError(`step ${step.n}: clone3 is the shim's last step, and only that`);
    if (!ofInit && step.call === 'clone')
      throw new TypeError(`step ${step.n}: clone is for init, the shim has clone3`);
    if (ofInit && step.call === 'clone3')
      throw new TypeError(`step ${step.n}: clone3 is for the shim, init has clone`);
    if (step.call === 'clone' && !isSibling(step))
      throw new TypeError(`step ${step.n}: a clone of init's needs CLONE_PARENT, and nothing more`);
    if ((step.call === 'execve') !== (i === steps.length - 1))
      throw new TypeError(`step ${step.n}: execve is init's last step, and only that`);
  });
  if (steps.filter(({ call }) => call === 'clone').length > 1)
    throw new TypeError('init makes one child at most');
  if (firstOfInit < 1) throw new TypeError('a plan needs steps of shim and of init');
}

/** Init's own child has the shim as its parent: the shim is to hear of its end. */
function isSibling({ args: { flags } }: Step): boolean {
  const others = Array.isArray(flags) ? flags.filter((flag) => flag !== 'CLONE_VFORK') : [];
  return others.length === 1 && others[0] === 'CLONE_PARENT';
}

function encodePlanRecord(writer: WireWriter, plan: ShimPlan): void {
  writer.u16(ops.plan.code).u16(0).u8(actors.shim).u8(0).u16(0);
  writer.str(plan.id).str(plan.logPath).i64(plan.logMaxBytes).i64(plan.logMaxFiles);
  writer.i64(plan.clients).i64(plan.terminal).i64(plan.stdinOpen).i64(plan.stdinOnce);
  writer.i64(plan.rows).i64(plan.columns);
}

function encodeStep(writer: WireWriter, step: Step, slots: Slots): void {
  try {
    const op = opNamed(step.call);
    writer.u16(op.code).u16(step.n);
    writer.u8(actors[step.actor as keyof typeof actors]).u8(0);
    writer.u16(step.accept === undefined ? 0 : errnoNumber(step.accept));
    refuseUnknown(step.args, op.args);
    for (const { name, type } of op.args) encodeArg(writer, type, name, step.args[name], slots);
    const closed = step.call === 'close' ? step.args.fd : undefined;
    if (isSlot(closed)) slots.empty(closed.slot);
  } catch (error) {
    throw new TypeError(`step ${step.n} (${step.call}): ${(error as Error).message}`);
  }
}

interface ArgDefinition {
  readonly name: string;
  readonly type: string;
}

function opNamed(call: string): { code: number; args: readonly ArgDefinition[] } {
  if (call === 'plan' || !Object.hasOwn(ops, call)) throw new TypeError('no such operation');
  return ops[call as OpName];
}

function refuseUnknown(args: Args, known: readonly ArgDefinition[]): void {
  for (const name of Object.keys(args))
    if (!known.some((definition) => definition.name === name))
      throw new TypeError(`no argument ${name}`);
}

function encodeArg(
  writer: WireWriter,
  type: string,
  name: string,
  arg: Arg | undefined,
  slots: Slots,
): void {
  if (type === 'fd') writer.i32(descriptor(arg, name, slots));
  else if (type === 'out') writer.i32(outSlot(arg, name, slots));
  else if (type === 'int') writer.i64(integer(arg ?? 0, name));
  else if (type === 'flags') writer.i64(flagNumber(flags(arg ?? 0, name)));
  else if (type === 'str?' && (arg ?? null) === null) writer.u32(0xffffffff);
  else if (type === 'str' || type === 'str?') writer.str(string(arg, name));
  else if (type === 'strs') {
    const items = list(arg, name);
    writer.u32(items.length);
    for (const item of items) writer.str(string(item, name));
  } else if (type === 'ints') {
    const items = list(arg, name);
    writer.u32(items.length);
    for (const item of items) writer.i64(integer(item, name));
  } else if (type === 'bytes') {
    const raw = arg instanceof Uint8Array ? arg : Buffer.from(string(arg, name), 'base64');
    writer.u32(raw.length).raw(raw);
  } else throw new TypeError(`${name} must be ${type}`);
}

function descriptor(arg: Arg | undefined, name: string, slots: Slots): number {
  if (arg === undefined || arg === null) return -1;
  if (arg === 'AT_FDCWD') return constants.AT_FDCWD;
  if (isSlot(arg)) return slots.use(arg.slot);
  throw new TypeError(`${name} must be a slot, AT_FDCWD or null`);
}

function outSlot(arg: Arg | undefined, name: string, slots: Slots): number {
  if (arg === undefined || arg === null) return -1;
  if (isSlot(arg)) return slots.fill(arg.slot);
  throw new TypeError(`${name} must be a slot or null`);
}

function integer(arg: Arg | undefined, name: string): number {
  if (typeof arg === 'boolean') return Number(arg);
  if (typeof arg !== 'number' || !Number.isSafeInteger(arg))
    throw new TypeError(`${name} must be a whole number`);
  return arg;
}

function flags(arg: Arg, name: string): number | readonly string[] {
  if (typeof arg === 'number') return integer(arg, name);
  if (Array.isArray(arg) && arg.every((item) => typeof item === 'string')) return arg;
  throw new TypeError(`${name} must be names of flags or a number`);
}

function string(arg: Arg | undefined, name: string): string {
  if (typeof arg !== 'string') throw new TypeError(`${name} must be a string`);
  if (arg.includes('\0')) throw new TypeError(`${name} must not contain NUL`);
  return arg;
}

function list(arg: Arg | undefined, name: string): readonly Arg[] {
  if (!Array.isArray(arg)) throw new TypeError(`${name} must be a list`);
  return arg;
}
