/** Builds the shim's wire format: little-endian, no padding, strings with length and NUL. */
export class WireWriter {
  /** Most plans fit: the filter of system calls is most of one. */
  private buffer = Buffer.allocUnsafe(8 << 10);
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
    const number = Number(value);
    return this.u32(number >>> 0).i32(Math.floor(number / 2 ** 32));
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
  /** What `write` writes, behind its length. */
  measured(write: () => void): this {
    this.u32(0);
    const start = this.length;
    write();
    this.buffer.writeUInt32LE(this.length - start, start - 4);
    return this;
  }
  bytes(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  private room(more: number): Buffer {
    if (this.length + more > this.buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + more));
      larger.set(this.bytes());
      this.buffer = larger;
    }
    return this.buffer;
  }
}
