/** Work that several wait for. */
import { describe, expect, test } from 'vitest';
import { Shared } from '../../../src/image/registry/shared.ts';

describe('shared work', () => {
  test('is done once for all who wait, and kept', async () => {
    let runs = 0;
    const shared = new Shared(async () => ++runs);
    const { signal } = new AbortController();
    expect(await Promise.all([shared.get(signal), shared.get(signal)])).toEqual([1, 1]);
    expect(await shared.get(signal)).toBe(1);
    shared.forget();
    expect(await shared.get(signal)).toBe(2);
  });
  test('is done anew when it is no longer good, and after it failed', async () => {
    let runs = 0;
    const { signal } = new AbortController();
    const stale = new Shared(
      async () => ++runs,
      () => false,
    );
    expect([await stale.get(signal), await stale.get(signal)]).toEqual([1, 2]);
    const failing = new Shared(async () => {
      if (++runs === 3) throw new Error('once');
      return runs;
    });
    await expect(failing.get(signal)).rejects.toThrow('once');
    expect(await failing.get(signal)).toBe(4);
  });
  test('goes on for the one who stays, and ends when the last has gone', async () => {
    let inner: AbortSignal | undefined;
    let finish = (_value: string) => {};
    const shared = new Shared((signal) => {
      inner = signal;
      return new Promise<string>((resolve) => {
        finish = resolve;
      });
    });
    const [first, second] = [new AbortController(), new AbortController()];
    const [one, other] = [shared.get(first.signal), shared.get(second.signal)];
    first.abort(new Error('gone'));
    await expect(one).rejects.toThrow('gone');
    expect(inner?.aborted).toBe(false);
    finish('done');
    expect(await other).toBe('done');
    shared.forget();
    const last = shared.get(second.signal);
    second.abort(new Error('gone too'));
    await expect(last).rejects.toThrow('gone too');
    expect(inner?.aborted).toBe(true);
    // The next starts anew, not with what was given up.
    const again = shared.get(new AbortController().signal);
    finish('again');
    expect(await again).toBe('again');
  });
});
