/** The `petri` command: reads the command line, runs one command, ends with docker's exit codes. */
import { connect } from './connect.ts';
import { createProgram } from './program.ts';
import { report } from './report.ts';
import { Session } from './session.ts';

async function main(argv: string[]): Promise<number> {
  const { stdin, stdout, stderr, env } = process;
  const session = new Session({ stdin, stdout, stderr }, env, () => connect(env));
  let code = 0;
  const program = createProgram(session, (result) => {
    code = result;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    return report(error, program, session);
  }
  return code;
}

// A reader that went away (`petri logs x | head`) is no error of ours.
process.stdout.on('error', endQuietly);
process.stderr.on('error', endQuietly);

function endQuietly(error: NodeJS.ErrnoException): void {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
}

/** All output is written before the process ends, whatever still holds the event loop. */
async function end(code: number): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.writableLength > 0) await new Promise((resolve) => stream.write('', resolve));
  }
  process.exit(code);
}

main(process.argv.slice(2)).then(end, (error) => {
  process.stderr.write(`petri: ${error?.stack ?? error}\n`);
  process.exit(125);
});
