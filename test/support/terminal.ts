/** A real pseudo-terminal with a shell on it: script(1) makes it, what is typed goes in by a pipe. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { run } from './supervisor.ts';

export class Terminal {
  /** All that was ever shown. */
  output = '';
  readonly #child: ChildProcessWithoutNullStreams;
  #device = '';
  #seen = 0;

  private constructor(environment: Readonly<Record<string, string>>) {
    // A shell without prompt and line editor: what is shown is what programs and the terminal itself write.
    const command = 'tty; PS1= exec bash --norc --noediting';
    this.#child = spawn('script', ['-qefc', command, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm', ...environment },
    });
    this.#child.stdout.on('data', (text) => {
      this.output += text;
      this.#child.emit('shown');
    });
    this.#child.stdin.on('error', () => undefined);
  }

  static async open(environment: Readonly<Record<string, string>>): Promise<Terminal> {
    const terminal = new Terminal(environment);
    await terminal.shows(/\/dev\/pts\/\d+\r\n/);
    terminal.#device = /\/dev\/pts\/\d+/.exec(terminal.output)?.[0] ?? '';
    return terminal;
  }

  type(text: string): void {
    this.#child.stdin.write(text);
  }

  /** A line for the shell, and Enter. */
  enter(line: string): void {
    this.type(`${line}\n`);
  }

  /**
   * Resolves when what matches was shown after the last that was waited for; the test's own time limit ends a wait in
   * vain.
   */
  async shows(pattern: RegExp): Promise<void> {
    for (;;) {
      const found = pattern.exec(this.output.slice(this.#seen));
      if (found) {
        this.#seen += found.index + found[0].length;
        return;
      }
      await once(this.#child, 'shown');
    }
  }

  /** As when its window is dragged: the kernel tells the program in front by SIGWINCH. */
  async resize(rows: number, columns: number): Promise<void> {
    await run('stty', ['-F', this.#device, 'rows', `${rows}`, 'cols', `${columns}`]);
  }

  /** How the terminal is set: `stty -a` without its size. */
  async settings(): Promise<string> {
    return (await run('stty', ['-F', this.#device, '-a'])).stdout.replace(
      /rows \d+; columns \d+;/,
      '',
    );
  }

  async close(): Promise<void> {
    // The kernel hangs up on whoever is at the terminal; script itself would first wait for them.
    this.#child.kill('SIGKILL');
    if (this.#child.exitCode === null && this.#child.signalCode === null)
      await once(this.#child, 'exit');
  }
}
