/** What a container's shim is told of its log. */
import { expect, test } from 'vitest';
import { shimPlan } from '../../src/container/shim-plan.ts';
import { Container } from '../../src/container/table.ts';
import { planInput } from '../support/plan-input.ts';

function planFor(Type: string, Config: Record<string, string> = {}) {
  const { record, paths } = planInput({}, { LogConfig: { Type, Config } });
  return shimPlan(new Container(record, paths), 1);
}

test.each(['json-file', 'local'])('%s: the container’s own file, with its limits', (driver) => {
  expect(planFor(driver, { 'max-size': '1m', 'max-file': '2' })).toMatchObject({
    logPath: expect.stringMatching(/\/log$/),
    logMaxBytes: 1024 * 1024,
    logMaxFiles: 2,
  });
});

// A log is rotated by renaming it.
test('none: no file at all, and no device in its place', () => {
  expect(planFor('none').logPath).toBe('');
});
