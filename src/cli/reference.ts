/** Names of images as they are written at the command line: `[host[:port]/]name[:tag][@digest]`. */

import { parseReference } from '../image/reference.ts';
import { CommandError } from './errors.ts';

export interface Reference {
  repository: string;
  /** A tag, or a digest `sha256:…`; `latest` when neither is given. */
  tag: string;
}

/** Splits at the digest, else at the last colon that is no port's. */
export function splitReference(text: string): Reference {
  const at = text.indexOf('@');
  if (at >= 0) {
    const { repository } = splitReference(text.slice(0, at));
    return { repository, tag: text.slice(at + 1) };
  }
  const colon = text.lastIndexOf(':');
  if (colon > text.lastIndexOf('/'))
    return { repository: text.slice(0, colon), tag: text.slice(colon + 1) };
  return { repository: text, tag: 'latest' };
}

/**
 * Refuses what is no reference before the engine is asked, as docker's command does.
 * @param context docker's words before the reason
 * @throws CommandError
 */
export function assertReference(text: string, context = ''): void {
  try {
    parseReference(text);
  } catch (error) {
    throw new CommandError(`${context}${(error as Error).message}`);
  }
}
