/**
 * How a registry is reached: which URL its domain means, and whether anybody is there. docker.io is served by another host;
 * insecure registries are tried with TLS first, which nobody need vouch for, then without (dockerd(8), --insecure-registry).
 */
import { EngineError, SystemError } from '../../errors/errors.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { TransientError, UnreachableError } from './failures.ts';
import { exchangeFollowing } from './follow.ts';
import type { InsecureRegistries } from './insecure.ts';
import { errorFor, refusalOf } from './refusals.ts';
import { isTransientStatus, withRetries } from './retry.ts';
import { discard, headersOf, readSmall } from './small-answer.ts';
import type { Transport } from './transport.ts';

export interface Endpoint {
  /** `https://registry-1.docker.io` */
  origin: string;
  /** What it wants for credentials; empty: nothing. */
  challenges: Challenge[];
}

const hosts: Record<string, string> = {
  'docker.io': 'registry-1.docker.io',
  'index.docker.io': 'registry-1.docker.io',
};

const errorBytesMax = 64 * 1024;

/** @param domain `docker.io`, `localhost:5000`. @returns in the order in which they are to be tried */
export async function candidatesFor(
  domain: string,
  insecure: InsecureRegistries,
): Promise<string[]> {
  const host = hosts[domain] ?? domain;
  const secure = `https://${host}`;
  const isInsecure =
    (await insecure.has(new URL(secure))) || (await insecure.has(new URL(`http://${host}`)));
  return isInsecure ? [secure, `http://${host}`] : [secure];
}

/**
 * The first candidate that answers `GET /v2/`.
 * @throws the last one's error
 */
export async function findEndpoint(
  transport: Transport,
  candidates: readonly string[],
  signal: AbortSignal,
): Promise<Endpoint> {
  const [origin = '', ...others] = candidates;
  try {
    return await ping(transport, origin, others.length === 0, signal);
  } catch (error) {
    if (signal.aborted || !(error instanceof EngineError) || others.length === 0) throw error;
    return await findEndpoint(transport, others, signal);
  }
}

/** Whatever it answers: with 401 it says how it wants to be asked. */
async function ping(
  transport: Transport,
  origin: string,
  isLast: boolean,
  signal: AbortSignal,
): Promise<Endpoint> {
  const { limits } = transport.options;
  return await withRetries(limits, signal, async () => {
    const url = new URL('/v2/', origin);
    const outgoing = { method: 'GET', url, headers: {} } as const;
    const answer = await exchangeFollowing(transport, outgoing, undefined, signal).catch(
      (error) => {
        throw isFinal(error, isLast) ? new SystemError(error.message, { cause: error }) : error;
      },
    );
    if (isTransientStatus(answer.status)) {
      const body = await readSmall(answer, errorBytesMax, limits.smallAnswerMs, signal);
      throw errorFor(answer, refusalOf(answer, body));
    }
    await discard(answer);
    const isAsked = answer.status === 401 && answer.url.origin === url.origin;
    const challenges = isAsked ? parseChallenges(headersOf(answer, 'www-authenticate')) : [];
    return { origin, challenges };
  });
}

/** Who cannot be reached at first is told of at once: the name is wrong, or it is the other scheme's turn. */
function isFinal(error: unknown, isLast: boolean): error is Error {
  return error instanceof UnreachableError || (error instanceof TransientError && !isLast);
}
