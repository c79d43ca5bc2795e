/** What `pull` and `push` are told: one image, or with `--all-tags` all of a repository. */
import { CommandError } from '../errors.ts';
import type { Flags } from '../flags.ts';
import { assertReference, splitReference } from '../reference.ts';
import type { Session } from '../session.ts';

export interface OneOrAll {
  repository: string;
  /** `latest` when none was given. */
  tag: string;
  isTagged: boolean;
  isAll: boolean;
  isQuiet: boolean;
}

/** Says which tag is meant when none was given. @throws CommandError with docker's words */
export function oneOrAll(session: Session, name: string, flags: Flags): OneOrAll {
  assertReference(name);
  const { repository, tag } = splitReference(name);
  const isTagged = name !== repository;
  const isAll = flags.switch('all-tags');
  const isQuiet = flags.switch('quiet');
  if (isAll && isTagged) throw new CommandError("tag can't be used with --all-tags/-a");
  if (!isAll && !isTagged && !isQuiet) session.print('Using default tag: latest');
  return { repository, tag, isTagged, isAll, isQuiet };
}
