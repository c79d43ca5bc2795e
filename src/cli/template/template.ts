/** A Go template, as far as docker's `--format` needs it: parsed once, executed on many values. */
import { CommandError } from '../errors.ts';
import { evaluate, type Rules } from './evaluator.ts';
import { TemplateError } from './lexer.ts';
import { parse } from './parser.ts';

/**
 * @returns a function from a value to text
 * @throws CommandError (exit code 1) for a template that cannot be parsed, or executed on that value
 */
export function compile(source: string, rules: Rules = {}): (value: unknown) => string {
  const nodes = guarded('parse', () => parse(source));
  return (value) => guarded('execute', () => evaluate(nodes, value, rules));
}

/**
 * As `compile`, for the commands in which docker tells a template that cannot be parsed in words of its own.
 * @throws CommandError with docker's exit code 64
 */
export function compileOnce(
  source: string,
  rules: Rules = {},
  complaint = 'template parsing error',
): (value: unknown) => string {
  try {
    return compile(source, rules);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new CommandError(error.message.replace('failed to parse template', complaint), 64);
  }
}

/** At the command line, `\t` and `\n` may be written out: docker's `--format`. */
export function unescapeFormat(format: string): string {
  return format.replaceAll('\\t', '\t').replaceAll('\\n', '\n');
}

function guarded<T>(what: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof TemplateError)
      throw new CommandError(`failed to ${what} template: ${error.message}`);
    // Of the stack, of a text, of a number that a function takes.
    if (error instanceof RangeError)
      throw new CommandError(`failed to ${what} template: out of range: ${error.message}`);
    throw error;
  }
}
