import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { apiReference } from '../../src/api/reference.ts';
import { routes } from '../../src/api/routes.ts';

const path = new URL('../../docs/API.md', import.meta.url);

test('docs/API.md says what the routes say (UPDATE=1 renews it)', () => {
  if (process.env.UPDATE) writeFileSync(path, apiReference());
  expect(readFileSync(path, 'utf8')).toBe(apiReference());
});

test('no endpoint is named twice', () => {
  const names = routes.map(({ method, pattern }) => `${method} ${pattern}`);
  expect(new Set(names).size).toBe(names.length);
});
