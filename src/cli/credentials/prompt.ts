/** Asking a person at the terminal; a password is not echoed. */
import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import { CommandError } from '../errors.ts';
import type { Streams } from '../session.ts';

const interrupted = 130;

/** One conversation: what was typed ahead answers the next question. */
export class Prompt {
  readonly #reader: Interface;
  readonly #ahead: string[] = [];
  #isSecret = false;
  #take: (line: string) => void = (line) => this.#ahead.push(line);

  constructor(private readonly streams: Streams) {
    const { stdin, stdout } = streams;
    const echo = new Writable({
      write: (chunk, _encoding, done) => {
        if (!this.#isSecret) stdout.write(chunk);
        done();
      },
    });
    this.#reader = createInterface({ input: stdin, output: echo, terminal: true, historySize: 0 });
    this.#reader.on('line', (line) => this.#take(line));
  }

  /** @throws CommandError when the terminal is closed, or by control-C */
  ask(question: string): Promise<string> {
    this.#reader.setPrompt(question);
    this.#reader.prompt();
    return this.#answer();
  }

  /** As `ask`, and nobody sees what is typed. */
  async askSecret(question: string): Promise<string> {
    this.streams.stdout.write(question);
    this.#isSecret = true;
    try {
      return await this.#answer();
    } finally {
      this.#isSecret = false;
      this.streams.stdout.write('\n');
    }
  }

  close(): void {
    this.#reader.close();
  }

  async #answer(): Promise<string> {
    const ready = this.#ahead.shift();
    if (ready !== undefined) return ready;
    const former = this.#take;
    const end = new AbortController();
    try {
      return await new Promise((resolve, reject) => {
        this.#take = resolve;
        this.#on('SIGINT', () => reject(new CommandError('', interrupted)), end.signal);
        this.#on(
          'close',
          () => reject(new CommandError('the terminal has been closed')),
          end.signal,
        );
      });
    } finally {
      this.#take = former;
      end.abort();
    }
  }

  #on(event: 'SIGINT' | 'close', listener: () => void, until: AbortSignal): void {
    this.#reader.once(event, listener);
    until.addEventListener('abort', () => this.#reader.off(event, listener));
  }
}
