/** A neighbour on the engine's network, who comes in by published ports as the rest of the world does. network_namespaces(7), veth(4) */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

/** The engine's address towards its neighbour. */
export const ENGINE_ADDRESS = '198.51.100.1';
const OUTSIDE_ADDRESS = '198.51.100.2';

export interface Outside {
  /** Runs a program there, with this machine's files; its standard output. */
  run(...command: string[]): Promise<string>;
  stop(): Promise<void>;
}

/** @param enginePid a process in the engine's network namespace */
export async function startOutside(enginePid: number): Promise<Outside> {
  const child = spawn('unshare', ['-n', 'setpriv', '--pdeathsig', 'KILL', 'sh', '-c', READY], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const pid = child.pid as number;
  const ip = (of: number, ...words: string[]) =>
    execFileSync('nsenter', ['-t', String(of), '-n', 'ip', ...words]);
  const cable = ['link', 'add', 'out0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns'];
  ip(enginePid, ...cable, String(pid));
  ip(enginePid, 'address', 'add', `${ENGINE_ADDRESS}/24`, 'dev', 'out0');
  ip(enginePid, 'link', 'set', 'out0', 'up');
  ip(pid, 'address', 'add', `${OUTSIDE_ADDRESS}/24`, 'dev', 'eth0');
  ip(pid, 'link', 'set', 'eth0', 'up');
  return {
    async run(...command) {
      const words = ['-t', String(pid), '-n', ...command];
      return (await promisify(execFile)('nsenter', words, { maxBuffer: 1 << 26 })).stdout;
    },
    async stop() {
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}

/** It says when it is in its namespace, and ends with its input. */
const READY = 'echo; exec cat';
