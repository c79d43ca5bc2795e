/**
 * Gives a disk to qemu over a unix socket: the network block device's protocol, as much of it as qemu's client needs.
 *
 * https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { ByteReader } from '../../../src/image/tar/bytes.ts';
import { defaultLimits } from '../../../src/image/tar/limits.ts';
import type { LossyDisk } from './lossy-disk.ts';

const magic = { greeting: 'NBDMAGIC', options: 'IHAVEOPT' } as const;
const optionReply = Buffer.from('0003e889045565a9', 'hex');
const requestMagic = 0x25609513;
const replyMagic = 0x67446698;

const fixedNewStyle = 1;
const option = { abort: 2, go: 7 } as const;
const reply = { ack: 1, info: 3, unsupported: 0x80000001 } as const;
const command = { read: 0, write: 1, disconnect: 2, flush: 3 } as const;
const forceUnitAccess = 1;
/** It has flags; it knows FLUSH, and FUA. */
const transmission = 1 | 4 | 8;

export interface BlockServer {
  /** Ends all connections: nothing more is read or written. */
  cutOff(): void;
  close(): void;
}

/** @param path of the socket, which is not there yet */
export async function serveDisk(disk: LossyDisk, path: string): Promise<BlockServer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    // A client that goes away in the middle is what this is for.
    serve(socket, disk).catch(() => socket.destroy());
  }).listen(path);
  await once(server, 'listening');
  const cutOff = () => {
    for (const socket of sockets) socket.destroy();
  };
  return { cutOff, close: () => server.close() };
}

async function serve(socket: Socket, disk: LossyDisk): Promise<void> {
  const client = new ByteReader(socket, defaultLimits);
  socket.write(Buffer.concat([Buffer.from(magic.greeting + magic.options), u16(fixedNewStyle)]));
  await client.read(4);
  if (!(await negotiate(client, socket, disk.size))) return void socket.end();
  while (!socket.destroyed) await answer(client, socket, disk);
}

/** @returns false when the client wants no more */
async function negotiate(client: ByteReader, socket: Socket, size: number): Promise<boolean> {
  for (;;) {
    const header = await client.read(16);
    const wanted = header.readUInt32BE(8);
    await client.read(header.readUInt32BE(12));
    const say = (type: number, data = Buffer.alloc(0)) =>
      socket.write(Buffer.concat([optionReply, u32(wanted), u32(type), u32(data.length), data]));
    if (wanted === option.go) {
      say(reply.info, Buffer.concat([u16(0), u64(size), u16(transmission)]));
      say(reply.ack);
      return true;
    }
    say(wanted === option.abort ? reply.ack : reply.unsupported);
    if (wanted === option.abort) return false;
  }
}

async function answer(client: ByteReader, socket: Socket, disk: LossyDisk): Promise<void> {
  const request = await client.read(28);
  if (request.readUInt32BE(0) !== requestMagic) throw new Error('not a request');
  const [flags, type] = [request.readUInt16BE(4), request.readUInt16BE(6)];
  const [at, length] = [Number(request.readBigUInt64BE(16)), request.readUInt32BE(24)];
  const done = [u32(replyMagic), u32(0), request.subarray(8, 16)];
  if (type === command.read) done.push(Buffer.from(disk.read(at, length)));
  else if (type === command.write)
    disk.write(at, await client.read(length), (flags & forceUnitAccess) !== 0);
  else if (type === command.flush) disk.flush();
  else return void socket.destroy();
  socket.write(Buffer.concat(done));
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
