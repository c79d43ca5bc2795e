/** What a volume may be called. Messages are docker's (moby volume/local/local.go). Pure. */
import { InvalidError } from '../errors/errors.ts';

const ALLOWED = '[a-zA-Z0-9][a-zA-Z0-9_.-]';
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
/** A folder has this name, with an ending while it is being deleted. */
const MAX_BYTES = 240;
/** What a record that could not be read is set aside as (src/store/record.ts). */
const SET_ASIDE = /\.broken-\d{4}-\d\d-\d\dT/;

/** @throws InvalidError */
export function assertVolumeName(name: string): void {
  if (name.length === 1)
    throw refused(
      name,
      'volume name is too short, names should be at least two alphanumeric characters',
    );
  if (!NAME.test(name))
    throw refused(
      name,
      `${JSON.stringify(name)} includes invalid characters for a local volume name, only "${ALLOWED}" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  if (name.length > MAX_BYTES || SET_ASIDE.test(name))
    throw refused(
      name,
      `a volume name has at most ${MAX_BYTES} characters, and no ".broken-" date`,
    );
}

/** Whether a folder of this name can be a volume's. */
export function isVolumeName(name: string): boolean {
  return NAME.test(name) && name.length <= MAX_BYTES && !SET_ASIDE.test(name);
}

function refused(name: string, why: string): InvalidError {
  return new InvalidError(`create ${name}: ${why}`);
}
