/** The bodies of `POST /containers/{id}/exec` and `POST /exec/{id}/start`. */
import { z } from 'zod';
import type { ExecConfig } from '../../container/exec/exec.ts';
import { check, flag, text, texts, words } from './fields.ts';

const side = z.int().min(0).max(65535);
/** Rows and columns. */
const consoleSize = z
  .tuple([side, side])
  .nullish()
  .transform((value): [number, number] => value ?? [0, 0]);

const config = z.object({
  AttachStdin: flag(),
  AttachStdout: flag(),
  AttachStderr: flag(),
  DetachKeys: text(),
  Tty: flag(),
  Env: texts().transform((value) => value ?? []),
  Cmd: words().transform((value) => value ?? []),
  Privileged: flag(),
  User: text(),
  WorkingDir: text(),
  ConsoleSize: consoleSize,
});

const start = z.object({ Detach: flag(), Tty: flag(), ConsoleSize: consoleSize });

export type ExecStart = z.output<typeof start>;

/** @throws InvalidError naming the field */
export function execConfig(value: unknown): ExecConfig {
  return check(config, value ?? {}, 'the body');
}

/** @throws InvalidError naming the field */
export function execStart(value: unknown): ExecStart {
  return check(start, value ?? {}, 'the body');
}
