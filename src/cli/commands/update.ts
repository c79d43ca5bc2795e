import { type CommandSpec, forEachOperand } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { type Flags, flagErrorCode } from '../flags.ts';
import { createFlags } from '../run/flags.ts';
import { parseRestart } from '../run/values.ts';

const names = [
  'blkio-weight',
  'cpu-period',
  'cpu-quota',
  'cpu-shares',
  'cpus',
  'cpuset-cpus',
  'cpuset-mems',
  'memory',
  'memory-reservation',
  'memory-swap',
  'pids-limit',
  'restart',
];

/** `petri update`: other limits and another restart policy. `POST /containers/{id}/update` */
export const update: CommandSpec = {
  name: 'update',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Change limits and restart policy of containers',
  operands: [1],
  flags: createFlags.filter(({ long }) => names.includes(long)),
  async run(session, operands, flags) {
    if (!names.some((name) => flags.has(name)))
      throw new CommandError('you must provide one or more flags when using this command');
    const body = updateBody(flags);
    const client = await session.client();
    return forEachOperand(session, operands, async (operand) => {
      const { Warnings } = await client.containers.update(operand, body);
      for (const warning of Warnings ?? []) session.warn(warning);
      return operand;
    });
  },
};

function updateBody(flags: Flags): object {
  const number = (name: string): number => flags.number(name) ?? 0;
  return {
    BlkioWeight: number('blkio-weight'),
    CpuPeriod: number('cpu-period'),
    CpuQuota: number('cpu-quota'),
    CpuShares: number('cpu-shares'),
    NanoCpus: number('cpus'),
    CpusetCpus: flags.text('cpuset-cpus') ?? '',
    CpusetMems: flags.text('cpuset-mems') ?? '',
    Memory: number('memory'),
    MemoryReservation: number('memory-reservation'),
    MemorySwap: number('memory-swap'),
    ...(flags.has('pids-limit') && { PidsLimit: number('pids-limit') }),
    ...(flags.has('restart') && { RestartPolicy: restartPolicy(flags.text('restart') ?? '') }),
  };
}

function restartPolicy(text: string): { Name: string; MaximumRetryCount: number } {
  try {
    return parseRestart(text);
  } catch (error) {
    throw new UsageError((error as Error).message, flagErrorCode);
  }
}
