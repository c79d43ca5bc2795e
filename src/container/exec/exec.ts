/**
 * An exec: one more program in a container that runs. The engine keeps it in memory; a new supervisor finds those again
 * that still run (adopt.ts), the others are forgotten.
 */
import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import type { Result, Step } from '../../step/step.ts';
import type { ShimLink } from '../shim-link.ts';
import type { Execution } from '../steps-file.ts';
import type { Container } from '../table.ts';

/** `POST /containers/{id}/exec`, validated: every field is there. */
export interface ExecConfig {
  AttachStdin: boolean;
  AttachStdout: boolean;
  AttachStderr: boolean;
  /** Keys that detach, as `ctrl-p,ctrl-q`; empty: the default. */
  DetachKeys: string;
  Tty: boolean;
  /** On top of the container's; an entry without `=` takes a variable away. */
  Env: string[];
  /** Program and arguments; at least one. */
  Cmd: string[];
  /** With all capabilities. */
  Privileged: boolean;
  /** Empty: the container's. */
  User: string;
  /** Empty: the container's. */
  WorkingDir: string;
  /** Rows and columns; zeros: unknown. */
  ConsoleSize: [number, number];
}

export type ExecState =
  | { status: 'created' }
  | { status: 'starting' }
  /** `pid` in the host's pid namespace */
  | { status: 'running'; pid: number; startTicks: number }
  /** `pid` 0: its program was never started */
  | { status: 'ended'; pid: number; exitCode: number };

export class Exec extends EventEmitter<{
  /** A step was performed. */
  step: [Step, Result];
  /** Its program runs. */
  started: [];
  /** It ended, or could not be started. */
  ended: [exitCode: number];
}> {
  state: ExecState = { status: 'created' };
  /** The connection to its shim while it runs. */
  link: ShimLink | undefined;
  /** Rows and columns for the terminal, as last asked for. */
  terminalSize: [rows: number, columns: number];
  /** The steps that made it, with their results. */
  execution: Execution | undefined;

  constructor(
    /** 64 hex digits. */
    readonly id: string,
    readonly container: Container,
    readonly config: ExecConfig,
  ) {
    super();
    this.setMaxListeners(0);
    this.terminalSize = config.ConsoleSize;
  }

  /** Its folder for the shim's socket and exit record. */
  get runDir(): string {
    return join(this.container.paths.execs, this.id);
  }

  get isActive(): boolean {
    return this.state.status === 'starting' || this.state.status === 'running';
  }
}
