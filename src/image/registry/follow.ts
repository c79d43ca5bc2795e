/**
 * Redirects: a registry sends those who want a blob to where it lies. Followed for what is only read, a few times, never to a place
 * that the registry's own address could not have been; the Authorization header goes to the registry alone.
 */
import { ForbiddenError, InvalidError } from '../../errors/errors.ts';
import { requestName } from './failures.ts';
import type { InsecureRegistries } from './insecure.ts';
import { discard, headerOf } from './small-answer.ts';
import type { Answer, Outgoing, Transport } from './transport.ts';

const redirectsMax = 10;

/**
 * @param authorization the header's value, for `origin` alone
 * @throws ForbiddenError for a redirect to where none may lead, InvalidError after ten of them
 */
export async function exchangeFollowing(
  transport: Transport,
  outgoing: Outgoing,
  authorization: { origin: string; value: string } | undefined,
  signal: AbortSignal,
): Promise<Answer> {
  const isRead = outgoing.method === 'GET' || outgoing.method === 'HEAD';
  let { url } = outgoing;
  for (let hops = 0; hops <= redirectsMax; hops++) {
    await assertReachable(url, transport.options.insecure);
    const headers = { ...outgoing.headers };
    if (authorization?.origin === url.origin) headers.authorization = authorization.value;
    const answer = await transport.exchange({ ...outgoing, url, headers }, signal);
    if (!isRead || ![301, 302, 303, 307, 308].includes(answer.status)) return answer;
    await discard(answer);
    url = targetOf(answer);
  }
  throw new InvalidError(
    `${requestName(outgoing.method, outgoing.url)}: stopped after ${redirectsMax} redirects`,
  );
}

/**
 * Plain http is for this machine and for registries named insecure; a user name in a URL would be a credential of
 * somebody's.
 * @throws ForbiddenError
 */
export async function assertReachable(url: URL, insecure: InsecureRegistries): Promise<void> {
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new ForbiddenError(
      `refusing to ask ${url.protocol}//${url.host}: neither https nor http`,
    );
  if (url.username || url.password)
    throw new ForbiddenError(`refusing to ask ${url.origin}: the address names a user`);
  if (url.protocol === 'http:' && !(await insecure.has(url)))
    throw new ForbiddenError(
      `refusing to ask ${url.origin} without TLS: start the supervisor with --insecure-registry ${url.host} to allow it`,
    );
}

/** @throws InvalidError for a header that is no URL */
export function locationOf(answer: Answer): URL {
  const location = headerOf(answer, 'location');
  if (location === undefined || !URL.canParse(location, answer.url.href))
    throw new InvalidError(
      `${requestName(answer.method, answer.url)}: status ${answer.status} with ${location === undefined ? 'no' : 'a malformed'} Location header`,
    );
  return new URL(location, answer.url);
}

function targetOf(answer: Answer): URL {
  const url = locationOf(answer);
  url.hash = '';
  return url;
}
