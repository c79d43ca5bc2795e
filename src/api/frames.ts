/**
 * Docker's multiplexed framing: stream (1 stdout, 2 stderr), three zero bytes, length (big-endian), payload.
 * https://docs.docker.com/reference/api/engine/ section ContainerAttach, "Stream format"
 */
export const rawStream = 'application/vnd.docker.raw-stream';
export const multiplexedStream = 'application/vnd.docker.multiplexed-stream';

export function frame(stream: 'stdout' | 'stderr', payload: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head[0] = stream === 'stdout' ? 1 : 2;
  head.writeUInt32BE(payload.length, 4);
  return Buffer.concat([head, payload]);
}
