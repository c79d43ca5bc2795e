// Bundles test/bench and runs it. Usage: node tools/bench.mjs [--rounds N] [--only cli,pull,api,names,network,memory] [--match TEXT]
import { build } from 'esbuild';

await build({
  entryPoints: ['test/bench/main.ts'],
  outfile: 'build/bench.mjs',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  external: ['koffi', 'undici'],
  banner: {
    js: "import { createRequire as require_ } from 'node:module'; const require = require_(import.meta.url);",
  },
  logLevel: 'warning',
});
await import('../build/bench.mjs');
