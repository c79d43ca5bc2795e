/** `--link`, and `Links` of an endpoint. Pure. */
import { InvalidError } from '../../errors/errors.ts';

/**
 * `db:database` or `db`; docker also takes `/db:/web/database`, as it shows them.
 * @throws InvalidError with docker's words
 */
export function parseLink(link: string): { ref: string; alias: string } {
  const [ref = '', alias = ref, ...more] = link.split(':');
  const last = (path: string) => path.slice(path.lastIndexOf('/') + 1);
  const isName = /^[a-zA-Z0-9_][a-zA-Z0-9_.-]*$/;
  if (more.length > 0 || !isName.test(last(ref)) || !isName.test(last(alias)))
    throw new InvalidError(`bad format for links: ${JSON.stringify(link)}`);
  return { ref: last(ref), alias: last(alias) };
}
