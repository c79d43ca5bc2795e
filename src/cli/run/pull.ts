/** Creates a container; an image that is not there is pulled first, as docker does. */
import type { Client } from '../../api/client/client.ts';
import { ApiError } from '../../api/client/errors.ts';
import { olderVersion } from '../../api/client/transport.ts';
import type { CreateBody } from '../../api/client/types.ts';
import { authFor } from '../credentials/auth-for.ts';
import { CommandError, UsageError } from '../errors.ts';
import { type Flags, flagErrorCode } from '../flags.ts';
import { showProgress } from '../progress.ts';
import { assertReference, splitReference } from '../reference.ts';
import type { Session } from '../session.ts';

/** @returns the id. @throws ApiError, CommandError */
export async function createContainer(
  session: Session,
  client: Client,
  body: CreateBody,
  flags: Flags,
): Promise<string> {
  const policy = flags.text('pull') ?? 'missing';
  if (!['always', 'missing', 'never'].includes(policy))
    throw new UsageError(
      `invalid pull option: '${policy}': must be one of "always", "missing" or "never"`,
      flagErrorCode,
      'meaning',
    );
  // An id is no reference, and is one of an image nevertheless.
  if (!/^[a-f0-9]{64}$/.test(body.Image ?? '')) assertReference(body.Image ?? '');
  await checkVersion(client, body);
  if (policy === 'always') await pull(session, client, body.Image ?? '', flags);
  const query = { name: flags.text('name'), platform: flags.text('platform') };
  const created = await client.containers.create(body, query).catch(async (error: unknown) => {
    if (policy !== 'missing' || !isMissingImage(error)) throw error;
    await pullMissing(session, client, body.Image ?? '', flags, error);
    return client.containers.create(body, query);
  });
  for (const warning of created.Warnings ?? []) session.warn(`WARNING: ${warning}`);
  return created.Id;
}

/** An older engine would pass over what it does not know. @throws CommandError with docker's words */
async function checkVersion(client: Client, { NetworkingConfig }: CreateBody): Promise<void> {
  const endpoints = Object.values(NetworkingConfig?.EndpointsConfig ?? {});
  if (!endpoints.some(({ MacAddress }) => MacAddress)) return;
  const version = await client.ping();
  if (olderVersion(version, '1.44') === '1.44') return;
  throw new Error(
    `"specify mac-address per network" requires API version 1.44, but the Docker daemon API version is ${version}`,
  );
}

/** Also when there is one, but for another platform. */
function isMissingImage(error: unknown): error is ApiError {
  const words = /no such image|does not match the specified platform/i;
  return error instanceof ApiError && error.status === 404 && words.test(error.message);
}

/** An engine that cannot pull says so with 501: then the missing image is the error. */
async function pullMissing(
  session: Session,
  client: Client,
  image: string,
  flags: Flags,
  missing: ApiError,
): Promise<void> {
  const { repository, tag } = splitReference(image);
  const name = tag.startsWith('sha256:') ? `${repository}@${tag}` : `${repository}:${tag}`;
  try {
    session.warn(`Unable to find image '${name}' locally`);
    await pull(session, client, image, flags);
  } catch (error) {
    if (error instanceof ApiError && error.status === 501) throw missing;
    throw error;
  }
}

/** What is told of it goes beside the container's own output. */
async function pull(session: Session, client: Client, image: string, flags: Flags): Promise<void> {
  const { repository, tag } = splitReference(image);
  const options = { platform: flags.text('platform'), auth: await authFor(session, image) };
  const lines = await client.images.pull(repository, tag, options);
  try {
    await showProgress(session, lines, flags.switch('quiet'), session.streams.stderr);
  } catch (error) {
    throw error instanceof CommandError ? new CommandError(error.message, 125) : error;
  }
}
