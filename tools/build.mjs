/**
 * Bundles the two programs: dist/petri.mjs (the command, small and quick to start) and
 * dist/supervisor.mjs (the engine); dist/local-files.mjs, which the command loads for `cp` alone, and
 * dist/unpack-worker.mjs, the engine's thread that unpacks layers. One file each, with source maps.
 * Usage: tools/build.mjs [petri] [supervisor] [local-files] [unpack-worker]
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Bundled CommonJS modules ask for Node's own by require. */
const banner =
  "import { createRequire as createRequire_ } from 'node:module';\n" +
  'const require = createRequire_(import.meta.url);';

const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

/** Empty outside a checkout. */
function commit() {
  try {
    const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], options).trim();
  } catch {
    return '';
  }
}

const programs = {
  petri: 'src/cli/main.ts',
  supervisor: 'src/supervisor/main.ts',
  'local-files': 'src/cli/copy/local-files.ts',
  'unpack-worker': 'src/image/unpacker/worker.ts',
};
const wanted = process.argv.slice(2);
const entryPoints = Object.fromEntries(
  Object.entries(programs).filter(([name]) => wanted.length === 0 || wanted.includes(name)),
);

await build({
  absWorkingDir: root,
  entryPoints,
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  // From node_modules: koffi has native code, and undici is loaded only when a registry is asked.
  external: ['koffi', 'undici'],
  sourcemap: true,
  banner: { js: banner },
  define: { PETRI_VERSION: JSON.stringify(version), PETRI_COMMIT: JSON.stringify(commit()) },
  logLevel: 'warning',
});
