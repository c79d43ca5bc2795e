/**
 * How much of a processor work takes, in milliseconds: on a machine that is busy with other things it takes longer, not
 * more. getrusage(2)
 */
export function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  return process.cpuUsage(before).user / 1000;
}
