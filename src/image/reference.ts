/**
 * Image references: docker's grammar, the full form (`docker.io/library/busybox:latest`) that is stored,
 * and the familiar form (`busybox:latest`) that is shown.
 *
 *     [DOMAIN[:PORT]/]PATH[:TAG][@DIGEST]
 *
 * The grammar and the words of the errors are those of github.com/distribution/reference, which every
 * client of the Engine API uses too.
 */
import { InvalidError } from '../errors/errors.ts';

export interface Reference {
  /** `docker.io`, `localhost:5000`, … */
  domain: string;
  /** `library/busybox` */
  path: string;
  tag?: string;
  /** `sha256:…` */
  digest?: string;
}

const alphanumeric = '[a-z0-9]+';
const component = `${alphanumeric}(?:(?:[._]|__|-+)${alphanumeric})*`;
const label = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const host = `(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]+\\])`;
const domain = `${host}(?::[0-9]+)?`;
const tag = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const digest = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';
const grammar = new RegExp(
  `^(?:(${domain})/)?(${component}(?:/${component})*)(?::(${tag}))?(?:@(${digest}))?$`,
);

const defaultDomain = 'docker.io';
const officialPrefix = 'library/';
const nameLengthMax = 255;
const digestLengths: Record<string, number> = { sha256: 64, sha384: 96, sha512: 128 };

/**
 * Parses what a user typed and completes domain and `library/`; a tag is not added.
 * @throws InvalidError with docker's words
 */
export function parseReference(text: string): Reference {
  if (/^[a-f0-9]{64}$/.test(text))
    throw new InvalidError(
      `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`,
    );
  const split = splitDomain(text);
  const remote = split.rest.split(':', 1)[0] as string;
  if (remote.toLowerCase() !== remote)
    throw new InvalidError(
      `invalid reference format: repository name (${remote}) must be lowercase`,
    );
  return parseFull(`${split.domain}/${split.rest}`);
}

/** Parses and adds `:latest` when there is neither tag nor digest. */
export function parseTagged(text: string): Reference {
  return withDefaultTag(parseReference(text));
}

export function withDefaultTag(reference: Reference): Reference {
  return reference.tag || reference.digest ? reference : { ...reference, tag: 'latest' };
}

/**
 * The reference for `repo` and `tag` given apart, as in `POST /images/NAME/tag?repo=&tag=`.
 * @param tagText empty or undefined: the tag in `repo`, else `latest`
 * @throws InvalidError for a digest in `repo` and for a malformed tag
 */
export function referenceWithTag(repo: string, tagText?: string): Reference & { tag: string } {
  const reference = parseReference(repo);
  if (reference.digest) throw new InvalidError('refusing to create a tag with a digest reference');
  const chosen = tagText || reference.tag || 'latest';
  if (!new RegExp(`^${tag}$`).test(chosen)) throw new InvalidError('invalid tag format');
  return { domain: reference.domain, path: reference.path, tag: chosen };
}

/** `docker.io/library/busybox:latest`: the one spelling of a reference that records and indexes use. */
export function fullForm(reference: Reference): string {
  return `${reference.domain}/${reference.path}${suffix(reference)}`;
}

/** `busybox:latest`: the shortest spelling that means the same. */
export function familiarForm(reference: Reference): string {
  return familiarName(reference) + suffix(reference);
}

/** The familiar form without tag and digest. */
export function familiarName(reference: Reference): string {
  const { domain: host, path } = reference;
  const short = /^library\/[^/]+$/.test(path) ? path.slice(officialPrefix.length) : path;
  // What would be read as a domain or as an id keeps what tells it from one.
  if (host !== defaultDomain || looksLikeDomain(path)) return `${host}/${path}`;
  return /^[a-f0-9]{64}$/.test(short) ? path : short;
}

/** True for `sha256:` and 64 hex digits, or the digits alone. */
export function isFullId(text: string): boolean {
  return /^(sha256:)?[a-f0-9]{64}$/.test(text);
}

function suffix(reference: Reference): string {
  return (
    (reference.tag ? `:${reference.tag}` : '') + (reference.digest ? `@${reference.digest}` : '')
  );
}

function splitDomain(text: string): { domain: string; rest: string } {
  if (!looksLikeDomain(text)) return official(text);
  const slash = text.indexOf('/');
  const [first, rest] = [text.slice(0, slash), text.slice(slash + 1)];
  return first === 'index.docker.io' || first === defaultDomain
    ? official(rest)
    : { domain: first, rest };
}

/** What stands before the first slash is a domain if it cannot be a path component, or is localhost. */
function looksLikeDomain(text: string): boolean {
  const slash = text.indexOf('/');
  const first = text.slice(0, Math.max(slash, 0));
  return first === 'localhost' || /[.:]/.test(first) || first.toLowerCase() !== first;
}

function official(rest: string): { domain: string; rest: string } {
  return { domain: defaultDomain, rest: rest.includes('/') ? rest : officialPrefix + rest };
}

function parseFull(text: string): Reference {
  const match = grammar.exec(text);
  if (!match)
    throw new InvalidError(
      grammar.test(text.toLowerCase())
        ? 'repository name must be lowercase'
        : 'invalid reference format',
    );
  const [, domainText, path, tagText, digestText] = match;
  if (!domainText || !path) throw new InvalidError('invalid reference format');
  if (`${domainText}/${path}`.length > nameLengthMax)
    throw new InvalidError(`repository name must not be more than ${nameLengthMax} characters`);
  if (digestText) assertDigest(digestText);
  return {
    domain: domainText,
    path,
    ...(tagText && { tag: tagText }),
    ...(digestText && { digest: digestText }),
  };
}

function assertDigest(text: string): void {
  const [algorithm = '', hex = ''] = text.split(':');
  const length = digestLengths[algorithm];
  if (!length) throw new InvalidError('unsupported digest algorithm');
  if (hex.length !== length) throw new InvalidError('invalid checksum digest length');
  if (/[A-F]/.test(hex)) throw new InvalidError('invalid checksum digest format');
}
