/** What an exec needs before its plan can be computed: that its container runs, and who it runs as. */
import { ConflictError, InvalidError } from '../../errors/errors.ts';
import { close, open } from '../../kernel/files.ts';
import { isSameProcess } from '../../kernel/pidfd.ts';
import type { Step } from '../../step/step.ts';
import type { Engine } from '../engine.ts';
import { execCapabilities, planExec } from '../plan/exec.ts';
import type { Identity } from '../plan/input.ts';
import { readIdentityIn } from '../read-identity.ts';
import { seccompFilter } from '../seccomp.ts';
import { isAlive, type ProcessIdentity } from '../state.ts';
import type { Exec } from './exec.ts';

/** @throws InvalidError for an unknown user, ConflictError when the container has ended */
export function prepareExec(engine: Engine, exec: Exec): Step[] {
  const { record } = exec.container;
  const { state, hostConfig, config } = record;
  if (!isAlive(state)) throw ended(exec);
  if (!/^(\/|$)/.test(exec.config.WorkingDir))
    throw new InvalidError(
      'OCI runtime exec failed: exec failed: Cwd must be an absolute path: unknown',
    );
  const root = openRoot(exec, state);
  try {
    const user = exec.config.User || config.User;
    const identity = readIdentityIn(root, user, hostConfig.GroupAdd ?? []);
    return plan(engine, exec, state, identity);
  } finally {
    close(root);
  }
}

function plan(engine: Engine, exec: Exec, init: ProcessIdentity, identity: Identity): Step[] {
  const { config, runDir } = exec;
  const { record } = exec.container;
  const what = { record, exec: config, facts: engine.facts };
  const seccomp = seccompFilter(record.hostConfig, execCapabilities(what));
  return planExec({ ...what, runDir, identity, seccomp, init });
}

/** The container's root as its first process sees it, mounts included. Checked after it was opened: then it was its own. */
function openRoot(exec: Exec, init: ProcessIdentity): number {
  const root = open(`/proc/${init.pid}/root`, ['O_PATH', 'O_DIRECTORY', 'O_CLOEXEC']);
  if (isSameProcess(init)) return root;
  close(root);
  throw ended(exec);
}

function ended({ container: { id } }: Exec): ConflictError {
  return new ConflictError(`Container ${id} is not running`);
}
