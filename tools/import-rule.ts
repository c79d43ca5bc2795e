/**
 * The import rule of docs/CONVENTIONS.md: which folder of src/ may import from which. Pure but for
 * `readSources`; test/unit/imports.test.ts applies it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

/** A folder may import from itself and from anything to its right. */
export const order = [
  'cli',
  'supervisor',
  'api',
  'container',
  'volume',
  'network',
  'image',
  'explain',
  'step',
  'store',
  'kernel',
  'errors',
] as const;

const rule = 'imports point one way, see docs/CONVENTIONS.md';

/** Paths and texts of the TypeScript files under a folder, generated ones included. */
export function readSources(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const paths = names
    .filter((name) => name.endsWith('.ts'))
    .map((name) => posix.join(folder, name));
  return new Map(paths.map((path) => [path, readFileSync(path, 'utf8')]));
}

/**
 * @param sources texts by path, paths relative to the checkout (`src/kernel/mount.ts`)
 * @returns one line for each violation: file, line, what is wrong
 */
export function findViolations(sources: ReadonlyMap<string, string>): string[] {
  return [...sources].flatMap(([path, text]) => [
    ...folderViolation(path),
    ...importsOf(text).flatMap(({ target, line }) => {
      const problem = problemOf(path, target);
      return problem ? [`${path}:${line}: ${problem}`] : [];
    }),
  ]);
}

function folderViolation(path: string): string[] {
  return rank(path) === undefined
    ? [`${path}: its folder is not in the order of docs/CONVENTIONS.md`]
    : [];
}

function problemOf(path: string, target: string): string | undefined {
  if (!target.startsWith('.')) return undefined;
  if (!target.endsWith('.ts')) return `the import of ${target} lacks its .ts ending`;
  const resolved = posix.join(posix.dirname(path), target);
  const from = rank(path);
  const to = rank(resolved);
  if (to === undefined) return `${target} is outside the folders of src/ (${rule})`;
  if (from === undefined || from > to) {
    return `${folder(path)} may not import from ${folder(resolved)} (${rule})`;
  }
  if (isBehindTheApi(path, resolved)) {
    return `cli may import ${target} only through src/api/client/ (${rule})`;
  }
  return undefined;
}

/** The command line is a client of the Engine API; only `petri supervisor` starts the engine itself. */
function isBehindTheApi(path: string, resolved: string): boolean {
  if (folder(path) !== 'cli' || path === 'src/cli/supervisor.ts') return false;
  const target = folder(resolved);
  return target === 'supervisor' || (target === 'api' && !resolved.startsWith('src/api/client/'));
}

function folder(path: string): string {
  return path.split('/')[1] ?? '';
}

function rank(path: string): number | undefined {
  if (!path.startsWith('src/')) return undefined;
  const index = (order as readonly string[]).indexOf(folder(path));
  return index < 0 ? undefined : index;
}

/** Every `from '…'`, `import '…'` and `import('…')` with its line. */
function importsOf(text: string): { target: string; line: number }[] {
  const pattern =
    /^\s*(?:import|export)\b[^'";=(]*?['"]([^'"\n]+)['"]|\bimport\(\s*['"]([^'"\n]+)['"]/gm;
  return [...text.matchAll(pattern)].map((match) => ({
    target: match[1] ?? match[2] ?? '',
    line: text.slice(0, match.index + match[0].length).split('\n').length,
  }));
}
