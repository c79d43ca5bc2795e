/** One life of the virtual machine: from its start to the moment its power goes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export class Machine {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  #isCut = false;
  /** All that it printed. */
  console = '';

  /** @param hear is told each line that begins with `power: `, without that, until the cut */
  constructor(command: readonly string[], hear: (line: string) => void) {
    const [program = '', ...words] = command;
    this.#process = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#ended = once(this.#process, 'close');
    process.once('exit', () => this.#process.kill('SIGKILL'));
    for (const output of [this.#process.stdout, this.#process.stderr]) {
      if (!output) continue;
      createInterface({ input: output }).on('line', (line) => {
        this.console += `${line}\n`;
        const told = /power: (.*?)\r?$/.exec(line)?.[1];
        if (told !== undefined && !this.#isCut) hear(told);
      });
    }
  }

  get ended(): Promise<unknown> {
    return this.#ended;
  }

  /** Whatever it says from now on was said too late. */
  async cut(): Promise<void> {
    this.#isCut = true;
    this.#process.kill('SIGKILL');
    await this.#ended;
  }
}
