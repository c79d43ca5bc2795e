import { defineConfig } from 'vitest/config';

const isRoot = process.getuid?.() === 0;

const project = (name: string, timeoutMs: number) => ({
  extends: true as const,
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    // Root tests share the host's kernel objects: one file at a time, so that a census means something.
    fileParallelism: name === 'unit',
    pool: 'forks' as const,
    // Without root everything but the unit tests is skipped: listed and counted, not run.
    ...(name === 'unit' || isRoot ? {} : { testNamePattern: /(?!)/ }),
  },
});

export default defineConfig({
  test: {
    projects: [project('unit', 30_000), project('integration', 60_000), project('e2e', 120_000)],
    reporters: ['default', './tools/reporter.ts'],
    passWithNoTests: false,
  },
});
