import { ApiError } from '../../api/client/errors.ts';
import type { StepAnswer } from '../../api/client/types.ts';
import type { Explained } from '../../explain/phases.ts';
import { renderScript } from '../../explain/script.ts';
import { renderSteps } from '../../explain/steps.ts';
import type { CommandSpec } from '../command.ts';
import { CommandError } from '../errors.ts';
import type { Session } from '../session.ts';

const NEWEST = 'newest';

/** `petri explain`: the steps that built a container, or an exec in it. `GET /containers/{id}/steps`, Petri's own. */
export const explain: CommandSpec = {
  name: 'explain',
  usage: '[OPTIONS] CONTAINER',
  summary: 'Show the steps that built a container: call, result, time and why',
  operands: [1, 1],
  flags: [
    {
      long: 'exec',
      value: 'id',
      bare: NEWEST,
      text: 'of its newest exec, or of the one with this id, in place of its own',
    },
    {
      long: 'format',
      value: 'string',
      parse: parseFormat,
      text: 'text, json, or sh: the same as a script',
    },
  ],
  async run(session, [container = ''], flags) {
    const client = await session.client();
    const own = await client.containers.steps(container).catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 404 && !/container/i.test(error.message))
        throw new CommandError('this engine does not tell its steps; explain needs Petri');
      throw error;
    });
    const exec = flags.text('exec');
    const told = exec === undefined ? own : await client.execs.steps(execOf(own, exec));
    const of = exec === undefined ? 'container' : 'exec';
    show(session, told, of, flags.text('format'));
    return 0;
  },
};

function show(
  session: Session,
  { Steps, Results }: StepAnswer,
  of: Explained,
  format: string | undefined,
): void {
  const { stdout } = session.streams;
  const options = { ...textOptions(stdout, session.environment), of };
  if (format === 'json') session.print(JSON.stringify({ Steps, Results }, null, 2));
  else if (format === 'sh') session.print(renderScript(Steps).trimEnd());
  // the renderer has escaped what is not its own; colours are
  else stdout.write(renderSteps(Steps, Results, options));
}

/** @throws CommandError when the container has no such exec, or several */
function execOf({ Execs = [] }: StepAnswer, wanted: string): string {
  const found = wanted === NEWEST ? Execs.slice(-1) : Execs.filter((id) => id.startsWith(wanted));
  const [id, ...more] = found;
  if (id !== undefined && more.length === 0) return id;
  throw new CommandError(
    id === undefined
      ? 'the engine knows no such exec of this container: it forgets them minutes after their end'
      : `several execs begin with ${wanted}: ${found.map((one) => one.slice(0, 12)).join(', ')}`,
  );
}

function parseFormat(text: string): string {
  if (['text', 'json', 'sh'].includes(text)) return text;
  throw new Error('expected text, json or sh');
}

/** Colours for a terminal unless https://no-color.org forbids them; as wide as the terminal is. */
export function textOptions(
  stream: { isTTY?: boolean; columns?: number },
  environment: NodeJS.ProcessEnv,
): { color: boolean; width?: number } {
  const color = Boolean(stream.isTTY) && !environment.NO_COLOR;
  return stream.columns ? { color, width: stream.columns } : { color };
}
