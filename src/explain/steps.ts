/**
 * The list of steps for people: by phase, each with its call, its result, its time and its why. Before
 * a container runs this is the plan, afterwards the account of what was done.
 */
import { errnoNames } from '../kernel/generated/constants.ts';
import type { Phase, Result, Step } from '../step/step.ts';
import { formatCall } from './call.ts';
import { type Explained, purposeOf } from './phases.ts';
import {
  escapeControls,
  painter,
  shortenIds,
  type TextOptions,
  usableWidth,
  wrap,
} from './text.ts';
import { elapsedNs, microseconds, milliseconds, ownTimes } from './time.ts';

/** Columns of the parts of a line; the call has what is left. */
const NUMBER = 4;
const ACTOR = 10;
const RESULT = 13;
const TIME = 9;
const INDENT = NUMBER + 1 + ACTOR + 2;
/** Where a call may be broken: after an argument or a flag, and before what it produced. */
const CALL_BREAK = /(?<=, |\||\()|(?= → )/;

export interface StepOptions extends TextOptions {
  /** What the steps make. */
  of?: Explained;
}

/**
 * @param steps the whole list
 * @param results of the steps that were tried, in any order; empty: the plan alone
 * @returns text ending in a newline
 */
export function renderSteps(
  steps: readonly Step[],
  results: readonly Result[] = [],
  options: StepOptions = {},
): string {
  const byNumber = new Map(results.map((result) => [result.n, result]));
  const own = ownTimes(results);
  const blocks = groupByPhase(steps).map((group) => {
    const lines = group.map((step, i) =>
      renderOne(step, withTime(byNumber.get(step.n), own), options, group[i - 1]?.why),
    );
    return [renderHeading(group, own, options), ...lines].join('\n');
  });
  return `${[...blocks, renderTotal(steps, results)].join('\n\n')}\n`;
}

/** How a step is shown while it happens. */
export interface LineOptions extends StepOptions {
  /**
   * The step shown before; null when there is none yet. A step that begins a phase gets the phase's
   * heading, and a why is not said twice in a row. Not given: the step stands alone.
   */
  previous?: Step | null;
}

/**
 * One step: the call with its result, and why beneath. Without a result the place stays empty.
 * @returns two or more lines, without a newline at the end
 */
export function renderStepLine(step: Step, result?: Result, options: LineOptions = {}): string {
  const { previous } = options;
  const lines = renderOne(step, result, options, previous?.why);
  if (previous === undefined || previous?.phase === step.phase) return lines;
  return `${previous ? '\n' : ''}${heading(step.phase, '', options)}\n${lines}`;
}

/** @param whyBefore of the step before: the same is not said twice in a row */
function renderOne(
  step: Step,
  result: Result | undefined,
  options: TextOptions,
  whyBefore?: string,
): string {
  const width = usableWidth(options.width);
  const paint = painter(options.color);
  const callWidth = width - INDENT - RESULT - TIME - 2;
  const [first = '', ...more] = wrap(formatCall(step), callWidth, width - INDENT - 2, CALL_BREAK);
  const failed = result !== undefined && result.ret < 0;
  const head = [
    String(step.n).padStart(NUMBER),
    ' ',
    paint('cyan', step.actor.padEnd(ACTOR)),
    '  ',
    paint(failed ? 'red' : 'bold', first.padEnd(callWidth)),
    ' ',
    paint(failed ? 'red' : 'green', formatResult(result).padEnd(RESULT)),
    (result ? microseconds(result.durationNs) : '').padStart(TIME + 1),
  ];
  return [
    head.join('').trimEnd(),
    ...more.map((line) => `${' '.repeat(INDENT)}  ${paint(failed ? 'red' : 'bold', line)}`),
    ...(step.why === whyBefore ? [] : renderWhy(step, width)).map((line) => paint('dim', line)),
  ].join('\n');
}

/** The why, and at the right the page of the manual. */
function renderWhy(step: Step, width: number): string[] {
  const see = escapeControls(step.see);
  const [first = '', ...more] = wrap(
    shortenIds(escapeControls(step.why)),
    width - INDENT - see.length - 2,
  );
  const room = width - INDENT - see.length;
  const indent = ' '.repeat(INDENT);
  return [`${indent}${first.padEnd(room)}${see}`.trimEnd(), ...more.map((line) => indent + line)];
}

/** `= 3`, `= -1 ENOENT`. */
export function formatResult(result: Result | undefined): string {
  if (!result) return '';
  if (result.ret >= 0) return `= ${result.ret}`;
  return `= -1 ${errnoNames[result.errno] ?? `errno ${result.errno}`}`;
}

function renderHeading(
  group: readonly Step[],
  own: ReadonlyMap<number, number>,
  options: StepOptions,
): string {
  const phase = group[0]?.phase ?? 'program';
  const tried = group.filter((step) => own.has(step.n));
  const sum = tried.reduce((ns, step) => ns + (own.get(step.n) ?? 0), 0);
  const parts = [plural(group.length), ...(tried.length > 0 ? [milliseconds(sum)] : [])];
  return heading(phase, ` ${parts.join(' · ')}`, options);
}

function heading(phase: Phase, right: string, { color, width, of }: StepOptions): string {
  const paint = painter(color);
  const left = `── ${phase} `;
  const rule = '─'.repeat(Math.max(2, usableWidth(width) - left.length - right.length));
  const purpose = wrap(purposeOf(phase, of), usableWidth(width) - 3);
  return [
    paint('bold', `${left}${rule}${right}`),
    ...purpose.map((line) => `   ${paint('dim', line)}`),
  ].join('\n');
}

function renderTotal(steps: readonly Step[], results: readonly Result[]): string {
  if (results.length === 0) return `${plural(steps.length)}; none has been tried yet`;
  const failed = results.find((result) => result.ret < 0);
  const time = `${milliseconds(elapsedNs(results))} from the first to the last`;
  if (!failed) return `${plural(steps.length)} · ${time}`;
  return `${plural(results.length)} of ${steps.length} · step ${failed.n} failed, and what was done before it is undone`;
}

function plural(count: number): string {
  return `${count} ${count === 1 ? 'step' : 'steps'}`;
}

function withTime(
  result: Result | undefined,
  own: ReadonlyMap<number, number>,
): Result | undefined {
  return result && { ...result, durationNs: own.get(result.n) ?? result.durationNs };
}

/** Neighbours of one phase; a phase that comes twice gets two headings, for the order is what was done. */
function groupByPhase(steps: readonly Step[]): Step[][] {
  const groups: Step[][] = [];
  for (const step of steps) {
    const last = groups.at(-1);
    if (last?.[0]?.phase === step.phase) last.push(step);
    else groups.push([step]);
  }
  return groups;
}
