/** `--security-opt`: what of docker's there is here, and what is refused. Pure. */
import { InvalidError, NotBuiltError } from '../../errors/errors.ts';

export interface Security {
  noNewPrivileges: boolean;
  /** `seccomp=unconfined`: no filter of system calls. */
  unconfined: boolean;
}

/**
 * Of seccomp there are the default filter and none; profiles of one's own, and AppArmor, are not built and refused.
 * @throws InvalidError for an unknown option, NotBuiltError for a profile
 */
export function security(options: readonly string[] | null): Security {
  let noNewPrivileges = false;
  for (const option of options ?? []) {
    const [, key = option, value] = /^([^=:]*)[=:]([\s\S]*)$/.exec(option) ?? [];
    if (key === 'no-new-privileges') noNewPrivileges = boolean(option, value);
    else assertHarmless(option, key, value);
  }
  const unconfined = (options ?? []).some((option) => /^seccomp[=:]unconfined$/.test(option));
  return { noNewPrivileges, unconfined };
}

function boolean(option: string, value: string | undefined): boolean {
  if (value === undefined || ['true', '1', 't'].includes(value.toLowerCase())) return true;
  if (['false', '0', 'f'].includes(value.toLowerCase())) return false;
  throw new InvalidError(`invalid --security-opt: ${JSON.stringify(option)}`);
}

function assertHarmless(option: string, key: string, value: string | undefined): void {
  if (value === undefined) invalid(option);
  if (key === 'seccomp' || key === 'apparmor') {
    if (value === 'unconfined' || (key === 'seccomp' && value === 'builtin')) return;
    throw new NotBuiltError(
      `--security-opt ${key}: profiles are not built yet (HostConfig.SecurityOpt): only ${key}=unconfined can be given`,
    );
  }
  if (key === 'label' && value === 'disable') return;
  if (key === 'label')
    throw new NotBuiltError('--security-opt label: SELinux is not built (HostConfig.SecurityOpt)');
  invalid(option);
}

function invalid(option: string): never {
  throw new InvalidError(`invalid --security-opt: ${JSON.stringify(option)}`);
}
