/**
 * Processes that cannot be mistaken for others: a pid alone is used again sooner or later, so a process is
 * its pid, when it started, and in which boot; and it is held by a descriptor. pidfd_open(2).
 */
import { readFileSync } from 'node:fs';
import { KernelError } from '../errors/errors.ts';
import { check, constants, declare } from './ffi.ts';
import { close } from './files.ts';

const c = {
  open: declare('long syscall(long number, int pid, unsigned int flags)'),
  sendSignal: declare(
    'long syscall(long number, int pidfd, int signal, const void *info, unsigned int flags)',
  ),
};

export interface ProcessIdentity {
  pid: number;
  /** Field 22 of proc_pid_stat(5): clock ticks since boot. */
  startTicks: number;
  /** /proc/sys/kernel/random/boot_id */
  bootId: string;
}

/** pidfd_open(2): @throws KernelError ESRCH when there is no such process */
export function pidfdOpen(pid: number): number {
  return check(c.open(constants.SYS_pidfd_open, pid, 0), 'pidfd_open', [String(pid)]);
}

/** pidfd_send_signal(2). @throws KernelError ESRCH when it has ended */
export function pidfdSendSignal(pidfd: number, signal: number): void {
  const ret = c.sendSignal(constants.SYS_pidfd_send_signal, pidfd, signal, null, 0);
  check(ret, 'pidfd_send_signal', [String(pidfd), String(signal)]);
}

/** @throws KernelError ESRCH when there is no such process */
export function processIdentity(pid: number): ProcessIdentity {
  const startTicks = startTicksOf(pid);
  if (startTicks === undefined)
    throw new KernelError('open', 3, 'ESRCH', [`/proc/${pid}/stat`], 'the process has ended');
  return { pid, startTicks, bootId: bootId() };
}

/**
 * Holds the process if it still is the same. The descriptor comes first and the check second: what the
 * descriptor holds cannot be replaced in between.
 * @returns a pidfd (CLOEXEC), or undefined when the process is gone or its pid belongs to another
 */
export function openSameProcess(identity: ProcessIdentity): number | undefined {
  if (identity.bootId !== bootId()) return undefined;
  const pidfd = tryOpen(identity.pid);
  if (pidfd === undefined) return undefined;
  if (startTicksOf(identity.pid) === identity.startTicks) return pidfd;
  close(pidfd);
  return undefined;
}

/** Whether the process is still there (a zombie counts). */
export function isSameProcess(identity: ProcessIdentity): boolean {
  const pidfd = openSameProcess(identity);
  if (pidfd === undefined) return false;
  close(pidfd);
  return true;
}

/**
 * Sends a signal to this process and no other.
 * @returns false when it has ended; then nothing was sent
 */
export function sendSignal(identity: ProcessIdentity, signal: number): boolean {
  const pidfd = openSameProcess(identity);
  if (pidfd === undefined) return false;
  try {
    pidfdSendSignal(pidfd, signal);
    return true;
  } catch (error) {
    if (error instanceof KernelError && error.code === 'ESRCH') return false;
    throw error;
  } finally {
    close(pidfd);
  }
}

let cachedBootId: string | undefined;

export function bootId(): string {
  cachedBootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return cachedBootId;
}

/** @returns undefined when there is no such process */
export function startTicksOf(pid: number): number | undefined {
  try {
    return parseStartTicks(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

/** The program's name (field 2) may contain spaces and parentheses: counting starts behind its last `)`. */
export function parseStartTicks(stat: string): number {
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
}

function tryOpen(pid: number): number | undefined {
  try {
    return pidfdOpen(pid);
  } catch (error) {
    if (error instanceof KernelError && error.code === 'ESRCH') return undefined;
    throw error;
  }
}
