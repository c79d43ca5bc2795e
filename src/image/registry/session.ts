/** Requests to one registry for one caller: authorised, followed, tried again, and refusals told in docker's words. */
import type { EngineError } from '../../errors/errors.ts';
import type { Authority } from './authority.ts';
import { parseChallenges } from './challenge.ts';
import type { Endpoint } from './endpoint.ts';
import { requestName } from './failures.ts';
import { assertReachable, exchangeFollowing } from './follow.ts';
import { errorFor, type Refusal, refusalOf } from './refusals.ts';
import { withRetries } from './retry.ts';
import { discard, headersOf, readSmall } from './small-answer.ts';
import type { Answer, Outgoing, Transport } from './transport.ts';

export interface Call {
  method: Outgoing['method'];
  /** A path of the registry, or where it sent us. */
  at: string | URL;
  headers?: Readonly<Record<string, string>>;
  /** Made anew for each attempt. */
  body?: () => Uint8Array | AsyncIterable<Uint8Array>;
  /** What it needs: `repository:library/busybox:pull`. */
  scopes: readonly string[];
  /** Statuses that are answers; others are refusals. */
  accepts: readonly number[];
  /** An error of the caller's own for a refusal. */
  refused?: (refusal: Refusal) => EngineError | undefined;
}

const errorBytesMax = 64 * 1024;

export class Session {
  constructor(
    readonly transport: Transport,
    readonly endpoint: Endpoint,
    private readonly authority: Authority,
  ) {}

  /** @throws as `once`, after the last attempt */
  request(call: Call, signal: AbortSignal): Promise<Answer> {
    return withRetries(this.transport.options.limits, signal, () => this.once(call, signal));
  }

  /**
   * As `request`, and reads the answer, which is small by its nature; one that breaks off is asked for again.
   * @throws InvalidError, too, when it is larger than `maxBytes`
   */
  async read(
    call: Call,
    maxBytes: number,
    signal: AbortSignal,
  ): Promise<{ answer: Answer; bytes: Buffer }> {
    const { limits } = this.transport.options;
    return await withRetries(limits, signal, async () => {
      const answer = await this.once(call, signal);
      return { answer, bytes: await readSmall(answer, maxBytes, limits.smallAnswerMs, signal) };
    });
  }

  /**
   * One attempt.
   * @returns an answer whose status is one of `accepts`; its body is the caller's to read or discard
   * @throws TransientError when another attempt may go well, else what errors.ts has for the refusal
   */
  async once(call: Call, signal: AbortSignal): Promise<Answer> {
    const answer = await this.#authorised(call, signal);
    if (call.accepts.includes(answer.status)) return answer;
    const { smallAnswerMs } = this.transport.options.limits;
    const body = await readSmall(answer, errorBytesMax, smallAnswerMs, signal).catch((error) => {
      signal.throwIfAborted();
      // An error whose text is endless or breaks off is still that error.
      return error instanceof Error ? Buffer.alloc(0) : Promise.reject(error);
    });
    const refusal = refusalOf(answer, body);
    throw call.refused?.(refusal) ?? errorFor(answer, refusal);
  }

  async #authorised(call: Call, signal: AbortSignal): Promise<Answer> {
    const answer = await this.#send(call, signal);
    const isOwn = answer.url.origin === this.endpoint.origin;
    if (answer.status !== 401 || !isOwn) return answer;
    const challenges = parseChallenges(headersOf(answer, 'www-authenticate'));
    if (!this.authority.renew(challenges, call.scopes)) return answer;
    await discard(answer);
    return await this.#send(call, signal);
  }

  async #send({ method, at, headers = {}, body, scopes }: Call, signal: AbortSignal) {
    const url = new URL(at, this.endpoint.origin);
    await assertReachable(url, this.transport.options.insecure);
    const value = await this.authority.header(scopes, requestName(method, url), signal);
    const own = value === undefined ? undefined : { origin: this.endpoint.origin, value };
    const outgoing: Outgoing = { method, url, headers, ...(body && { body: body() }) };
    return await exchangeFollowing(this.transport, outgoing, own, signal);
  }
}
