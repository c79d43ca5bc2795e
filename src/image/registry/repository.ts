/**
 * What pull and push ask of a registry: one repository of it, as the caller may use it. Who implements it knows HTTP,
 * tokens, retries; who calls it knows images.
 *
 * OCI distribution-spec 1.1
 */
import type { Descriptor, Digest } from '../descriptor.ts';

/** A manifest or an index, its bytes as they came. */
export interface FetchedManifest {
  /** The header's Content-Type; agrees with the document's own `mediaType`, if it has one. */
  mediaType: string;
  /** Of the bytes. */
  digest: Digest;
  bytes: Buffer;
}

export interface Repository {
  /** `docker.io/library/busybox` */
  readonly name: string;

  /**
   * @param reference a tag or a digest; bytes that do not have that digest are refused
   * @throws NotFoundError with docker's words ("manifest for busybox:x not found: manifest unknown: …", "pull access denied
   *   for x, repository does not exist or may require 'docker login': …"), InvalidError for an answer that lies,
   *   SystemError when the registry cannot be reached or keeps failing
   */
  manifest(reference: string, signal: AbortSignal): Promise<FetchedManifest>;

  /**
   * What a tag stands for, by HEAD, which Docker Hub counts for no pull. It is the registry's word and no more.
   * @returns undefined when the registry does not say, for whatever reason
   * @throws the signal's reason
   */
  manifestDigest(tag: string, signal: AbortSignal): Promise<Digest | undefined>;

  /** All tags, page by page. */
  tags(signal: AbortSignal): Promise<string[]>;

  /**
   * The bytes of a blob, in order, each once. A connection that breaks is taken up again by range; the whole has the descriptor's
   * size and digest, or the last step throws.
   * @throws as `manifest`
   */
  blob(descriptor: Descriptor, signal: AbortSignal): AsyncIterable<Buffer>;

  /** Whether the repository has the blob. */
  hasBlob(digest: Digest, signal: AbortSignal): Promise<boolean>;

  /**
   * Asks the registry to take the blob over from another of its repositories.
   * @param from that repository's path, `library/debian`
   * @returns false when it will not: then upload
   */
  mountBlob(digest: Digest, from: string, signal: AbortSignal): Promise<boolean>;

  /**
   * A try that fails is followed by one from the start.
   * @param descriptor a promise of it: the bytes are still being made; they go as they come, and are named when it is kept
   * @param open gives the blob's bytes from the start, again for each try
   * @param onBytes called with the number of bytes sent so far
   * @throws as `manifest`, what `open` throws
   */
  uploadBlob(
    descriptor: Descriptor | Promise<Descriptor>,
    open: () => AsyncIterable<Uint8Array>,
    onBytes: (sent: number) => void,
    signal: AbortSignal,
  ): Promise<void>;

  /**
   * @param reference a tag or the digest of the bytes
   * @returns the digest the registry confirms
   */
  putManifest(
    reference: string,
    manifest: { mediaType: string; bytes: Uint8Array },
    signal: AbortSignal,
  ): Promise<Digest>;
}

/** Credentials as the Engine API's clients send them: `X-Registry-Auth`, base64url of this as JSON. */
export interface RegistryAuth {
  username?: string | undefined;
  password?: string | undefined;
  /** An OAuth2 refresh token in place of the password. */
  identitytoken?: string | undefined;
  /** A bearer token to send as it is. */
  registrytoken?: string | undefined;
  serveraddress?: string | undefined;
}

/** Where repositories come from; the engine has one. */
export interface Registries {
  /** As named by `--insecure-registry`: HOST, HOST:PORT or CIDR. */
  readonly insecure: readonly string[];
  /** As named by `--registry-mirror`, without a slash at the end. */
  readonly mirrors: readonly string[];

  /**
   * @param name domain and path of a parsed reference
   * @param auth for that domain alone
   */
  repository(name: { domain: string; path: string }, auth: RegistryAuth | undefined): Repository;

  /**
   * `POST /auth`: whether the registry takes these credentials.
   * @returns docker's `IdentityToken`, empty when the registry gives none
   * @throws UnauthorizedError with the registry's words, InvalidError, SystemError when it cannot be reached
   */
  login(
    auth: RegistryAuth,
    signal: AbortSignal,
  ): Promise<{ status: string; identityToken: string }>;
}
