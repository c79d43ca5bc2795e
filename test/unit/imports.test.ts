/**
 * Imports point one way (docs/CONVENTIONS.md): a folder of src/ may import from itself and from any
 * folder to its right.
 */
import { describe, expect, test } from 'vitest';
import { findViolations, readSources } from '../../tools/import-rule.ts';

describe('imports of src/', () => {
  test('point from left to right in the order of docs/CONVENTIONS.md', () => {
    expect(findViolations(readSources('src'))).toEqual([]);
  });
});

describe('the import rule itself', () => {
  const violationsOf = (path: string, text: string) => findViolations(new Map([[path, text]]));

  test.each([
    ["import { start } from '../container/start.ts';"],
    ["import type { Container } from '../container/table.ts';"],
    ["export { start } from '../container/start.ts';"],
    ["import '../container/start.ts';"],
    ["const start = await import('../container/start.ts');"],
    ["let x: import('../container/table.ts').Container;"],
    ["import {\n  a,\n  b,\n} from '../container/start.ts';"],
  ])('refuses, in kernel, %j', (text) => {
    expect(violationsOf('src/kernel/mount.ts', text)).toEqual([
      expect.stringMatching(
        /^src\/kernel\/mount\.ts:\d: kernel may not import from container .*docs\/CONVENTIONS\.md/,
      ),
    ]);
  });

  test('allows the same folder, one to the right, a package and a Node module', () => {
    const text = [
      "import { a } from './a.ts';",
      "import { b } from './plan/b.ts';",
      "import { c } from '../kernel/c.ts';",
      "import { d } from '../errors/errors.ts';",
      "import koffi from 'koffi';",
      "import { join } from 'node:path';",
    ].join('\n');
    expect(violationsOf('src/container/start.ts', text)).toEqual([]);
  });

  test('names the line', () => {
    const text = "\n\nimport { x } from '../cli/x.ts';";
    expect(violationsOf('src/store/x.ts', text)[0]).toMatch(/^src\/store\/x\.ts:3: /);
  });

  test('holds the command line to the client of the API, but for `petri supervisor`', () => {
    const text = "import { open } from '../supervisor/open.ts';";
    expect(violationsOf('src/cli/run.ts', text)).toHaveLength(1);
    expect(violationsOf('src/cli/supervisor.ts', text)).toEqual([]);
    expect(violationsOf('src/cli/run.ts', "import { get } from '../api/client/get.ts';")).toEqual(
      [],
    );
    expect(
      violationsOf('src/cli/run.ts', "import { route } from '../api/router.ts';"),
    ).toHaveLength(1);
  });

  test('refuses a folder that the order does not know, and an import without its ending', () => {
    expect(violationsOf('src/misc/a.ts', '')[0]).toMatch(/not in the order/);
    expect(violationsOf('src/store/a.ts', "import { b } from './b';")[0]).toMatch(/\.ts ending/);
  });

  test('refuses a way out of src/', () => {
    expect(violationsOf('src/store/a.ts', "import { b } from '../../test/b.ts';")).toHaveLength(1);
  });
});
