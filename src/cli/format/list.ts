/** A list of objects as a table, by a template, as JSON lines, or as ids alone: docker's `--format`. */
import type { Session } from '../session.ts';
import { formatTable } from '../table.ts';
import { escapeHtml } from '../template/functions.ts';
import { compile, unescapeFormat } from '../template/template.ts';

/** What a template sees of one object; functions are its methods. */
export type Context = Readonly<Record<string, unknown>>;

export interface ListOptions {
  readonly contexts: readonly Context[];
  /** Keys of the columns of the table. */
  readonly columns: readonly string[];
  /** What stands above each column, by key. */
  readonly headings: Readonly<Record<string, string>>;
  readonly format: string | undefined;
  readonly isQuiet: boolean;
  /** The key that alone is shown when it is quiet; `ID` unless told. */
  readonly id?: string;
}

export function showList(session: Session, options: ListOptions): void {
  if (options.isQuiet && options.format && options.format !== 'table')
    session.warn('WARNING: --quiet is given: --format is ignored');
  const text = formatList(options);
  // Of one object a template may make an empty line.
  if (text || options.contexts.length > 0) session.print(text);
}

/** Without the last newline; empty when there is nothing to print. Pure. */
export function formatList(options: ListOptions): string {
  const { contexts, columns, headings, isQuiet, id = 'ID' } = options;
  const format = options.format?.replace(/^ +| +$/g, '') || 'table';
  if (isQuiet) return contexts.map((context) => `${context[id]}`).join('\n');
  if (format === 'json') return contexts.map(contextJson).join('\n');
  if (format !== 'table') return formatByTemplate(options, unescapeFormat(format));
  const rows = contexts.map((context) => columns.map((key) => `${context[key] ?? ''}`));
  return formatTable([columns.map((key) => headings[key] ?? key.toUpperCase()), ...rows]);
}

function formatByTemplate({ contexts, headings }: ListOptions, format: string): string {
  const [, isTable, source = ''] = /^(table\s+)?([\s\S]*)$/.exec(format) ?? [];
  const render = compile(source);
  const lines = contexts.map((context) => render(withJson(context)));
  if (!isTable) return lines.join('\n');
  const heading = render({ ...headings, Label: lastPart });
  return formatTable([heading, ...lines].map((line) => line.split('\t')));
}

/** The heading of `{{.Label "com.example.color"}}` is `color`. */
function lastPart(name: unknown): string {
  return String(name).split('.').at(-1) ?? '';
}

/** `{{json .}}` writes a context as docker does. */
function withJson(context: Context): Context {
  const copy = { ...context };
  Object.defineProperty(copy, 'toJSON', { value: () => sortedData(context), enumerable: false });
  return copy;
}

function contextJson(context: Context): string {
  return escapeHtml(JSON.stringify(sortedData(context)));
}

/** Keys in order, methods left out. */
function sortedData(context: Context): Record<string, unknown> {
  const data = Object.entries(context).filter(([, value]) => typeof value !== 'function');
  return Object.fromEntries(data.sort(([a], [b]) => (a < b ? -1 : 1)));
}
