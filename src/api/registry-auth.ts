/**
 * The headers in which clients send credentials for registries: `X-Registry-Auth`, for the one that the request is about, and
 * `X-Registry-Config`, for several by their address. Base64 of JSON, in the alphabet of URLs; some clients use the other one.
 * docs.docker.com/reference/api/engine, section "Authentication"
 */
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { InvalidError } from '../errors/errors.ts';
import type { RegistryAuth } from '../image/registry/repository.ts';
import { check } from './schema/fields.ts';
import { parseJson } from './strict-json.ts';

const text = z
  .string()
  .refine((value) => !value.includes('\0'), 'a NUL is not allowed')
  .nullish()
  .transform((value) => value || undefined);

const auth = z
  .object({
    username: text,
    password: text,
    /** docker's old form: base64 of `user:password`, when the two above are absent. */
    auth: text,
    identitytoken: text,
    registrytoken: text,
    serveraddress: text,
  })
  .nullable();

const several = z.record(z.string(), auth).nullable();

/**
 * The credentials a request brings.
 * @returns undefined when it brings none: no header, an empty one, `{}` or `null`
 * @throws InvalidError (400) for what cannot be read; it does not repeat what was sent
 */
export function registryAuth(request: IncomingMessage): RegistryAuth | undefined {
  const value = decoded(request, 'x-registry-auth');
  return value === undefined ? undefined : checkAuth(value, 'X-Registry-Auth');
}

/** @returns by address of the registry. @throws as `registryAuth` */
export function registryConfig(request: IncomingMessage): Map<string, RegistryAuth> {
  const value = decoded(request, 'x-registry-config');
  const given = value === undefined ? {} : (check(several, value, 'X-Registry-Config') ?? {});
  return new Map(
    Object.entries(given).flatMap(([address, one]) => {
      const clean = one && withoutOldForm(one);
      return clean ? [[address, clean]] : [];
    }),
  );
}

/** A value that is such credentials, as the body of `POST /auth` is. @throws InvalidError naming the field */
export function checkAuth(value: unknown, where: string): RegistryAuth | undefined {
  const given = check(auth, value, where);
  return given === null ? undefined : withoutOldForm(given);
}

function withoutOldForm(given: NonNullable<z.output<typeof auth>>): RegistryAuth | undefined {
  const { auth: old, ...fields } = given;
  const [username, password] = old && !fields.username ? splitOnce(old) : [];
  const all = { ...fields, ...(username && { username, password }) };
  return Object.values(all).some((one) => one !== undefined) ? all : undefined;
}

function splitOnce(old: string): [string, string] {
  const plain = Buffer.from(old, 'base64').toString();
  const colon = plain.indexOf(':');
  return colon < 0 ? ['', ''] : [plain.slice(0, colon), plain.slice(colon + 1)];
}

function decoded(request: IncomingMessage, name: string): unknown {
  const header = request.headers[name];
  const value = (Array.isArray(header) ? (header[0] ?? '') : (header ?? '')).trim();
  if (value === '') return undefined;
  const invalid = (why: string) => new InvalidError(`invalid ${name} header: ${why}`);
  if (!/^[A-Za-z0-9_+/-]+={0,2}$/.test(value)) throw invalid('it is not base64');
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length === 0) throw invalid('it is not base64');
  try {
    return parseJson(bytes);
  } catch (error) {
    // The reason tells a place, never the text, which is a secret.
    throw invalid(reasonWithoutText(error as Error));
  }
}

function reasonWithoutText({ message }: Error): string {
  return /^invalid JSON at character \d+/.exec(message)?.[0] ?? 'invalid JSON';
}
