/** Builds the shim's wire format: little-endian, no padding, strings with length and NUL. */
export class WireWriter {
  private buffer = Buffer.alloc(256);
  private length = 0;

  u8(value: number): this {
    this.length = this.room(1).writeUInt8(value, this.length);
    return this;
  }
  u16(value: number): this {
    this.length = this.room(2).writeUInt16LE(value, this.length);
    return this;
  }
  u32(value: number): this {
    this.length = this.room(4).writeUInt32LE(value, this.length);
    return this;
  }
  i32(value: number): this {
    this.length = this.room(4).writeInt32LE(value, this.length);
    return this;
  }
  i64(value: number | boolean): this {
    this.length = this.room(8).writeBigInt64LE(BigInt(value), this.length);
    return this;
  }
  str(text: string): this {
    const bytes = Buffer.from(text);
    return this.u32(bytes.length).raw(bytes).u8(0);
  }
  raw(bytes: Uint8Array): this {
    this.room(bytes.length).set(bytes, this.length);
    this.length += bytes.length;
    return this;
  }
  bytes(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  private room(more: number): Buffer {
    if (this.length + more > this.buffer.length) {
      const larger = Buffer.alloc(Math.max(this.buffer.length * 2, this.length + more));
      larger.set(this.bytes());
      this.buffer = larger;
    }
    return this.buffer;
  }
}
