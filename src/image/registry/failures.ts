/**
 * What can go wrong below HTTP, in the words of Go's net and crypto packages, which users of docker know and search for:
 * `Get "https://host/v2/": dial tcp 10.0.0.1:443: connect: connection refused`.
 */
import { isIP } from 'node:net';
import { EngineError, SystemError } from '../../errors/errors.ts';

/** It may go well when it is tried again. */
export class TransientError extends SystemError {
  constructor(
    message: string,
    /** How long the registry asks to wait. */
    readonly retryAfterMs?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Nobody could be reached: in the midst of a transfer worth another try, at its beginning most often a wrong name. */
export class UnreachableError extends TransientError {}

interface NodeError extends Error {
  code?: string;
  address?: string;
  port?: number;
  host?: string;
  hostname?: string;
  errors?: NodeError[];
}

/** @param method e.g. `GET`; of the URL only what is no secret is told: a query may hold a signature */
export function transportError(method: string, url: URL, error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const cause = innermost(error as NodeError);
  if (cause instanceof EngineError) return cause;
  const message = `${requestName(method, url)}: ${wordsFor(cause, url)}`;
  if (isPermanent(cause)) return new SystemError(message, { cause: error });
  const Failure = isUnreachable(cause) ? UnreachableError : TransientError;
  return new Failure(message, undefined, { cause: error });
}

/** `Get "https://host/v2/"`, as Go begins such errors. */
export function requestName(method: string, url: URL): string {
  return `${method[0]}${method.slice(1).toLowerCase()} "${url.origin}${url.pathname}"`;
}

/** Of several addresses that were tried, the last; what undici wraps is unwrapped. */
function innermost(error: NodeError): NodeError {
  const last = error.errors?.at(-1);
  if (last) return innermost(last);
  return !error.code && error.cause instanceof Error ? innermost(error.cause) : error;
}

const untrusted = [
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_UNTRUSTED',
];

const certificateWords: Record<string, string> = {
  ...Object.fromEntries(untrusted.map((code) => [code, 'certificate signed by unknown authority'])),
  CERT_HAS_EXPIRED: 'certificate has expired or is not yet valid',
  CERT_NOT_YET_VALID: 'certificate has expired or is not yet valid',
};

const words: Record<string, string> = {
  ECONNRESET: 'connection reset by peer',
  EPIPE: 'write: broken pipe',
  UND_ERR_SOCKET: 'EOF',
  UND_ERR_HEADERS_TIMEOUT: 'net/http: timeout awaiting response headers',
  UND_ERR_BODY_TIMEOUT: 'the registry stopped sending',
  UND_ERR_HEADERS_OVERFLOW: 'net/http: server response headers exceeded 16384 bytes',
  HPE_HEADER_OVERFLOW: 'net/http: server response headers exceeded 16384 bytes',
};

function wordsFor(error: NodeError, url: URL): string {
  const code = error.code ?? '';
  const dial = `dial tcp ${addressOf(error, url)}`;
  const certificate = certificateWords[code];
  if (certificate) return `tls: failed to verify certificate: x509: ${certificate}`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `tls: failed to verify certificate: x509: certificate is not valid for ${url.hostname}`;
  if (code === 'ECONNREFUSED') return `${dial}: connect: connection refused`;
  if (code === 'EHOSTUNREACH') return `${dial}: connect: no route to host`;
  if (code === 'ENETUNREACH') return `${dial}: connect: network is unreachable`;
  if (code === 'ETIMEDOUT' || code === 'UND_ERR_CONNECT_TIMEOUT') return `${dial}: i/o timeout`;
  if (code === 'ENOTFOUND') return `dial tcp: lookup ${url.hostname}: no such host`;
  if (code === 'EAI_AGAIN')
    return `dial tcp: lookup ${url.hostname}: temporary failure in name resolution`;
  if (isPlainHttp(error)) return 'http: server gave HTTP response to HTTPS client';
  if (code.startsWith('HPE_')) return `net/http: malformed HTTP response (${error.message})`;
  return words[code] ?? error.message;
}

function isPlainHttp({ code = '', message }: NodeError): boolean {
  return /WRONG_VERSION_NUMBER|wrong version number|packet length too long/.test(code + message);
}

/** Without the right certificate, or without HTTP: to try again changes nothing. */
function isPermanent(error: NodeError): boolean {
  const { code = '' } = error;
  return (
    code in certificateWords ||
    /^(ERR_TLS|ERR_SSL|HPE_|UND_ERR_INVALID_ARG|UND_ERR_HEADERS_OVERFLOW)/.test(code) ||
    isPlainHttp(error)
  );
}

const unreachable = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
];

function isUnreachable({ code = '' }: NodeError): boolean {
  return unreachable.includes(code);
}

function addressOf({ address, port }: NodeError, url: URL): string {
  const host = address ?? url.hostname;
  const shown = isIP(host) === 6 ? `[${host}]` : host;
  return `${shown}:${port ?? (url.port || (url.protocol === 'https:' ? 443 : 80))}`;
}
