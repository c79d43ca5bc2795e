/** `--ulimit`. getrlimit(2). Pure. */
import { InvalidError } from '../../errors/errors.ts';
import type { HostConfig } from '../config.ts';

const NAMES =
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(
    ' ',
  );

/** @throws InvalidError with docker's words */
export function assertUlimits(ulimits: HostConfig['Ulimits']): void {
  for (const { Name, Soft, Hard } of ulimits ?? []) {
    if (!NAMES.includes(Name)) throw new InvalidError(`invalid ulimit type: ${Name}`);
    if (Hard !== -1 && (Soft === -1 || Soft > Hard))
      throw new InvalidError(
        `ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`,
      );
  }
}
