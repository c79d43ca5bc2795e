/**
 * A vitest reporter whose one line is the last of the whole run: `N passed, N failed[, N skipped]`.
 * A test file that could not be loaded and an error that no test caught count as failed.
 * https://vitest.dev/advanced/api/reporters
 */
import { writeSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** The last line, by which others read the result. */
export function countLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`;
}

export default class CountReporter implements Reporter {
  private counts: Counts = { passed: 0, failed: 0, skipped: 0 };

  onInit(): void {
    // At the very end: other reporters and vitest itself may still have something to say before.
    process.once('exit', () => writeSync(1, `${countLine(this.counts)}\n`));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    this.counts = { passed: 0, failed: unhandled.length, skipped: 0 };
    for (const module of modules) this.add(module);
    if (this.counts.skipped > 0 && process.getuid?.() !== 0) {
      console.log('skipped: integration and e2e tests need root');
    }
  }

  private add(module: TestModule): void {
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      this.counts[state === 'pending' ? 'failed' : state]++;
    }
    for (const suite of [module, ...module.children.allSuites()]) {
      this.counts.failed += suite.errors().length;
    }
  }
}
