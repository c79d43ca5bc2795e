/** `--pid`, `--ipc`, `--uts`, `--network`: their modes, checked. Pure. */
import { InvalidError } from '../../errors/errors.ts';
import type { HostConfig } from '../config.ts';

/** X of `container:X`; undefined for any other mode. */
export function joinedContainer(mode: string): string | undefined {
  return mode.startsWith('container:') ? mode.slice('container:'.length) : undefined;
}

/** @throws InvalidError with docker's words */
export function assertModes({ PidMode, IpcMode, UTSMode, NetworkMode }: HostConfig): void {
  if (!['', 'private', 'host'].includes(PidMode) && !joinedContainer(PidMode))
    throw new InvalidError(`invalid PID mode: ${PidMode}`);
  if (!['', 'private', 'host', 'none', 'shareable'].includes(IpcMode) && !joinedContainer(IpcMode))
    throw new InvalidError(`invalid IPC mode: ${IpcMode}`);
  if (!['', 'host'].includes(UTSMode)) throw new InvalidError(`invalid UTS mode: ${UTSMode}`);
  if (joinedContainer(NetworkMode) === '')
    throw new InvalidError('invalid network mode: container:: name a container');
}

/** Whether its processes live in a pid namespace that does not end with it. */
export function sharesProcesses({ PidMode }: Pick<HostConfig, 'PidMode'>): boolean {
  return PidMode === 'host' || joinedContainer(PidMode ?? '') !== undefined;
}
