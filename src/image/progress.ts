/** What the Engine API's clients are told while an image moves: lines of JSON. docker's pkg/jsonmessage reads them */

export interface ProgressLine {
  status?: string;
  /** Of the layer it is about, 12 digits. */
  id?: string;
  /** Bytes; empty when there is nothing to count. */
  progressDetail?: { current?: number; total?: number };
  /** Text shown as it is. */
  stream?: string;
  /** For programs. */
  aux?: object;
  /** The last line of what went wrong. */
  error?: string;
  errorDetail?: { message: string };
}

export type Report = (line: ProgressLine) => void;

/** The first 12 digits of a digest. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}

/** Lines about one layer. */
export class LayerProgress {
  #last = 0;
  #status = '';

  constructor(
    private readonly report: Report,
    private readonly id: string,
  ) {}

  say(status: string): void {
    this.report({ status, progressDetail: {}, id: this.id });
  }

  /** Often called, and seldom told: ten times a second is as much as an eye can use. */
  count(status: string, current: number, total: number): void {
    const now = performance.now();
    if (current < total && status === this.#status && now - this.#last < 100) return;
    this.#last = now;
    this.#status = status;
    this.report({ status, progressDetail: { current, total }, id: this.id });
  }
}
