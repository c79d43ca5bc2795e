/**
 * A registry's error answers, in docker's words. The body is `{"errors": [{code, message, detail}]}` (distribution-spec,
 * "Error Codes"), and what docker says of the first is `code in words: message`.
 */
import {
  type EngineError,
  ForbiddenError,
  InvalidError,
  NotFoundError,
  SystemError,
  UnauthorizedError,
  UnavailableError,
} from '../../errors/errors.ts';
import { parseChallenges } from './challenge.ts';
import { requestName, TransientError } from './failures.ts';
import { isTransientStatus, retryAfterOf } from './retry.ts';
import { headerOf, headersOf } from './small-answer.ts';
import { printable } from './text.ts';
import type { Answer } from './transport.ts';

/** What a registry said no with. */
export interface Refusal {
  status: number;
  /** `MANIFEST_UNKNOWN`; by the status, when the registry gave none. */
  code: string;
  /** `manifest unknown: manifest unknown` */
  text: string;
}

const codes: Record<number, string> = {
  401: 'UNAUTHORIZED',
  403: 'DENIED',
  429: 'TOOMANYREQUESTS',
};

const usualMessages: Record<string, string> = {
  UNAUTHORIZED: 'authentication required',
  DENIED: 'requested access to the resource is denied',
  TOOMANYREQUESTS: 'too many requests',
};

/** @param body as far as it was read */
export function refusalOf(answer: Answer, body: Buffer): Refusal {
  const { status } = answer;
  const found = scopeRefusal(answer) ?? firstError(body) ?? byStatus(status, body);
  if (found) return { status, code: found.code, text: `${inWords(found.code)}: ${found.message}` };
  return { status, code: '', text: unexpected(answer, body) };
}

/**
 * The error for a refusal of an operation; `TransientError` when it is worth another try.
 * @param answer the refused one, for its Retry-After
 */
export function errorFor(answer: Answer, refusal: Refusal): EngineError {
  const { status, code, text } = refusal;
  if (isTransientStatus(status))
    return new TransientError(text, retryAfterOf(headerOf(answer, 'retry-after')));
  if (code === 'UNAUTHORIZED') return new UnauthorizedError(text);
  if (code === 'DENIED') return new ForbiddenError(text);
  if (code === 'TOOMANYREQUESTS') return new UnavailableError(text);
  if (status === 404) return new NotFoundError(text);
  return status < 500 ? new InvalidError(text) : new SystemError(text);
}

/** A bearer challenge may say why a token was not enough (RFC 6750, 3.1). */
function scopeRefusal(answer: Answer): { code: string; message: string } | undefined {
  if (answer.status < 400 || answer.status >= 500) return undefined;
  for (const { scheme, parameters } of parseChallenges(headersOf(answer, 'www-authenticate'))) {
    const code = { insufficient_scope: 'DENIED', invalid_token: 'UNAUTHORIZED' }[
      parameters.error ?? ''
    ];
    if (scheme === 'bearer' && code)
      return {
        code,
        message: printable(parameters.error_description || usualMessages[code] || ''),
      };
  }
  return undefined;
}

function firstError(body: Buffer): { code: string; message: string } | undefined {
  const [first] = listOfErrors(body);
  if (typeof first !== 'object' || first === null) return undefined;
  const { code, message } = first as { code?: unknown; message?: unknown };
  if (typeof code !== 'string' || !/^[A-Za-z0-9_ ]{1,64}$/.test(code)) return undefined;
  const text = typeof message === 'string' ? printable(message) : '';
  return { code: code.toUpperCase(), message: text || usualMessages[code] || inWords(code) };
}

function listOfErrors(body: Buffer): unknown[] {
  try {
    const parsed: unknown = JSON.parse(body.toString());
    const { errors } = (parsed ?? {}) as { errors?: unknown };
    return Array.isArray(errors) ? errors : [];
  } catch {
    return []; // not JSON: some proxy's page
  }
}

/** `{"details": …}` is what docker's token server answers. */
function byStatus(status: number, body: Buffer): { code: string; message: string } | undefined {
  const code = codes[status];
  if (!code) return undefined;
  let details: unknown;
  try {
    details = (JSON.parse(body.toString()) as { details?: unknown } | null)?.details;
  } catch {
    // A page for people; its words are no reason.
  }
  const message = typeof details === 'string' ? printable(details) : '';
  return { code, message: message || usualMessages[code] || '' };
}

function unexpected({ method, url, status }: Answer, body: Buffer): string {
  const start = printable(body.subarray(0, 200).toString());
  return `${requestName(method, url)}: received unexpected HTTP status: ${status}${start ? ` (${start})` : ''}`;
}

function inWords(code: string): string {
  return code.toLowerCase().replaceAll('_', ' ');
}
