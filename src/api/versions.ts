/** Versions of the Engine API: the range that is spoken, and their order. */
import { InvalidError } from '../errors/errors.ts';

export const apiVersion = '1.47';
export const apiVersionMin = '1.24';
/** Petri's own version, as `/version` and the `Server` header tell it. */
export const engineVersion = '0.1.0';

/**
 * @param text the version in a path such as `/v1.41/info`
 * @throws InvalidError with docker's words when it is out of the range
 */
export function assertVersion(text: string): void {
  if (compareVersions(text, apiVersion) > 0)
    throw new InvalidError(
      `client version ${text} is too new. Maximum supported API version is ${apiVersion}`,
    );
  if (compareVersions(text, apiVersionMin) < 0)
    throw new InvalidError(
      `client version ${text} is too old. Minimum supported API version is ${apiVersionMin}, please upgrade your client to a newer version`,
    );
}

/** Negative when `a` is older than `b`; part by part, as numbers. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
