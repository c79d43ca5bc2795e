import type { RestartPolicy } from '../../container/restart-policy.ts';
import { InvalidError } from '../../errors/errors.ts';

const names = ['', 'no', 'always', 'on-failure', 'unless-stopped'];

/** @throws InvalidError with docker's words (moby api/types/container, ValidateRestartPolicy) */
export function assertRestartPolicy({ Name, MaximumRetryCount }: RestartPolicy): void {
  if (!names.includes(Name))
    refuse(
      `unknown policy '${Name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  if (MaximumRetryCount < 0) refuse('maximum retry count cannot be negative');
  if (MaximumRetryCount > 0 && Name !== 'on-failure')
    refuse("maximum retry count can only be used with 'on-failure'");
}

function refuse(reason: string): never {
  throw new InvalidError(`invalid restart policy: ${reason}`);
}
