/** The credentials that go with a pull or a push. */
import type { Session } from '../session.ts';
import { authHeader, type Credentials } from './credentials.ts';
import { keyOfReference } from './registry-key.ts';
import { CredentialStore } from './store.ts';

/**
 * For `pull`, `push`, `run`, `create`: what is known for the registry of an image.
 * @param reference as typed: `busybox`, `localhost:5000/app:1`
 * @returns the value of the header `X-Registry-Auth`, undefined when nothing is known. What cannot be read is a warning:
 *   many images need no credentials
 */
export async function authFor(session: Session, reference: string): Promise<string | undefined> {
  const key = keyOfReference(reference);
  const found = await credentialsFor(session, key);
  return found && authHeader(found, key);
}

async function credentialsFor(session: Session, key: string): Promise<Credentials | undefined> {
  try {
    const store = await CredentialStore.open(session.environment);
    return await store.get(key);
  } catch (error) {
    session.warn(`WARNING: ${(error as Error).message}`);
    return undefined;
  }
}
