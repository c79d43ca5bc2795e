/** Signals by name and number: signal(7). Names without SIG, as docker's API has them. */
import { InvalidError } from '../errors/errors.ts';
import { constants } from './ffi.ts';

const RTMIN = 34;
const RTMAX = 64;

const numbers = new Map<string, number>(
  Object.entries(constants)
    .filter(([name]) => name.startsWith('SIG'))
    .map(([name, number]) => [name.slice(3), number]),
);
const names = new Map([...numbers].map(([name, number]) => [number, name]));

/** Second names for the same number. */
numbers.set('CLD', constants.SIGCHLD);
numbers.set('IOT', constants.SIGABRT);
numbers.set('POLL', constants.SIGIO);

for (let number = RTMIN; number <= RTMAX; number++) {
  const up = number === RTMIN ? 'RTMIN' : `RTMIN+${number - RTMIN}`;
  const down = number === RTMAX ? 'RTMAX' : `RTMAX-${RTMAX - number}`;
  numbers.set(up, number);
  numbers.set(down, number);
  names.set(number, number - RTMIN <= 15 ? up : down);
}

/**
 * @param text in docker's grammar: `KILL`, `SIGKILL`, `sigkill`, `9`, `RTMIN+3`
 * @returns its number, 1 to 64
 * @throws InvalidError `Invalid signal: …`
 */
export function parseSignal(text: string): number {
  const number = /^\d+$/.test(text)
    ? Number(text)
    : numbers.get(text.toUpperCase().replace(/^SIG/, ''));
  if (number === undefined || number < 1 || number > RTMAX)
    throw new InvalidError(`Invalid signal: ${text}`);
  return number;
}

/** `SIGKILL` for 9; the number itself when it has no name. */
export function signalName(number: number): string {
  const name = names.get(number);
  return name ? `SIG${name}` : String(number);
}
