/** Reads the shim's wire format back, independently of the encoder, for tests of the encoder. */
import { ops } from '../../src/step/generated/ops.ts';

export interface DecodedRecord {
  op: string;
  n: number;
  actor: number;
  accept: number;
  args: Record<string, unknown>;
}

export interface DecodedPlan {
  slots: number;
  inherited: [slot: number, fd: number][];
  records: DecodedRecord[];
}

class Reader {
  at = 0;
  constructor(private readonly bytes: Buffer) {}
  u8 = () => this.bytes.readUInt8(this.step(1));
  u16 = () => this.bytes.readUInt16LE(this.step(2));
  u32 = () => this.bytes.readUInt32LE(this.step(4));
  i32 = () => this.bytes.readInt32LE(this.step(4));
  i64 = () => Number(this.bytes.readBigInt64LE(this.step(8)));
  get ended(): boolean {
    return this.at === this.bytes.length;
  }

  str = (): string | null => {
    const length = this.u32();
    if (length === 0xffffffff) return null;
    const text = Buffer.from(this.take(length)).toString();
    if (this.u8() !== 0) throw new Error('string without NUL');
    return text;
  };
  take(length: number): Buffer {
    const start = this.step(length);
    return this.bytes.subarray(start, start + length);
  }

  arg(type: string): unknown {
    if (type === 'fd' || type === 'out') return this.i32();
    if (type === 'int' || type === 'flags') return this.i64();
    if (type === 'str' || type === 'str?') return this.str();
    const count = this.u32();
    if (type === 'bytes') return [...this.take(count)];
    const item = (): unknown => (type === 'strs' ? this.str() : this.i64());
    return Array.from({ length: count }, item);
  }

  private step(length: number): number {
    const start = this.at;
    this.at += length;
    if (this.at > this.bytes.length) throw new Error('out of bounds');
    return start;
  }
}

export function decodePlan(bytes: Uint8Array): DecodedPlan {
  const reader = new Reader(Buffer.from(bytes));
  if (reader.take(4).toString() !== 'PTRI' || reader.u32() !== 1) throw new Error('no plan');
  const slots = reader.u32();
  const inheritedCount = reader.u32();
  const recordCount = reader.u32();
  const inherited = Array.from({ length: inheritedCount }, (): [number, number] => [
    reader.u32(),
    reader.u32(),
  ]);
  const records = Array.from({ length: recordCount }, () => decodeRecord(reader));
  if (!reader.ended) throw new Error('bytes after the last record');
  return { slots, inherited, records };
}

function decodeRecord(outer: Reader): DecodedRecord {
  const reader = new Reader(Buffer.from(outer.take(outer.u32())));
  const code = reader.u16();
  const n = reader.u16();
  const actor = reader.u8();
  if (reader.u8() !== 0) throw new Error('reserved byte');
  const accept = reader.u16();
  const [op, definition] = Object.entries(ops).find(([, { code: known }]) => known === code) ?? [];
  if (!op || !definition) throw new Error(`unknown code ${code}`);
  const args: Record<string, unknown> = {};
  for (const { name, type } of definition.args) args[name] = reader.arg(type);
  if (!reader.ended) throw new Error(`${op}: bytes after the last argument`);
  return { op, n, actor, accept, args };
}
