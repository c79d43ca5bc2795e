import { ApiError } from '../../api/client/errors.ts';
import { renderScript } from '../../explain/script.ts';
import { renderSteps } from '../../explain/steps.ts';
import type { CommandSpec } from '../command.ts';
import { CommandError } from '../errors.ts';

/** `petri explain`: the steps that built a container. `GET /containers/{id}/steps`, Petri's own. */
export const explain: CommandSpec = {
  name: 'explain',
  usage: '[OPTIONS] CONTAINER',
  summary: 'Show the steps that built a container: call, result, time and why',
  operands: [1, 1],
  flags: [
    {
      long: 'format',
      value: 'string',
      parse: parseFormat,
      text: 'text, json, or sh: the same as a script',
    },
  ],
  async run(session, [container = ''], flags) {
    const client = await session.client();
    const { Steps, Results } = await client.containers.steps(container).catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 404 && !/container/i.test(error.message))
        throw new CommandError('this engine does not tell its steps; explain needs Petri');
      throw error;
    });
    const { stdout } = session.streams;
    const format = flags.text('format');
    if (format === 'json') session.print(JSON.stringify({ Steps, Results }, null, 2));
    else if (format === 'sh') session.print(renderScript(Steps).trimEnd());
    // the renderer has escaped what is not its own; colours are
    else stdout.write(renderSteps(Steps, Results, textOptions(stdout, session.environment)));
    return 0;
  },
};

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
