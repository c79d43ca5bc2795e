/** Which events a client sees, in which order, and how petri shows them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Filters } from '../../src/api/filters.ts';
import { Query } from '../../src/api/query.ts';
import { eventFilterNames, fitsEvent } from '../../src/api/system/event-filters.ts';
import { eventLine } from '../../src/api/system/events.ts';
import { eventFormat } from '../../src/cli/format/event.ts';
import type { EngineEvent } from '../../src/container/engine.ts';
import { EventBus } from '../../src/supervisor/events.ts';

const id = 'c0ffee'.padEnd(64, '0');
const died: EngineEvent = {
  type: 'container',
  action: 'die',
  id,
  attributes: { image: 'busybox:1', name: 'web', exitCode: '3', color: 'red' },
  timeNs: 1_767_323_045_000_000_001n,
};
const healthy = { ...died, action: 'health_status: healthy' };
const tagged: EngineEvent = {
  type: 'image',
  action: 'tag',
  id: `sha256:${'1'.repeat(64)}`,
  attributes: { name: 'busybox:1' },
  timeNs: 5n,
};

function fits(filters: Record<string, string[]>, event: EngineEvent): boolean {
  const query = new Query(`filters=${encodeURIComponent(JSON.stringify(filters))}`);
  return fitsEvent(new Filters(query, eventFilterNames), event);
}

describe('a filter', () => {
  it.each<[Record<string, string[]>, EngineEvent, boolean]>([
    [{}, died, true],
    [{ type: ['container'] }, died, true],
    [{ type: ['image', 'network'] }, died, false],
    [{ event: ['start', 'die'] }, died, true],
    [{ event: ['health_status'] }, healthy, true],
    [{ event: ['health_status: healthy'] }, healthy, true],
    [{ event: ['health_status: unhealthy'] }, healthy, false],
    [{ container: ['web'] }, died, true],
    [{ container: ['w'] }, died, true],
    [{ container: ['c0ffee'] }, died, true],
    [{ container: ['eb'] }, died, false],
    [{ container: ['web'] }, tagged, false],
    [{ image: ['busybox'] }, died, true],
    [{ image: ['busybox:1'] }, tagged, true],
    [{ image: ['busybox:2'] }, died, false],
    [{ image: [tagged.id] }, tagged, true],
    [{ label: ['color'] }, died, true],
    [{ label: ['color=red', 'color=blue'] }, died, false],
    [{ scope: ['swarm'] }, died, false],
    [{ daemon: ['x'] }, died, false],
    [{ type: ['container'], event: ['start'] }, died, false],
  ])('%j', (filters, event, expected) => {
    expect(fits(filters, event)).toBe(expected);
  });

  it('of several values is one of them; several filters are all of them', () => {
    const action = fc.constantFrom('start', 'die', 'kill');
    fc.assert(
      fc.property(
        action,
        fc.array(action, { minLength: 1 }),
        fc.boolean(),
        (happened, wanted, own) => {
          const filters = { event: wanted, container: [own ? 'web' : 'other'] };
          expect(fits(filters, { ...died, action: happened })).toBe(
            own && wanted.includes(happened),
          );
        },
      ),
    );
  });
});

describe('the bus', () => {
  it('gives every event a later time than the one before, whatever the clock does', () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt({ min: 0n, max: 10n ** 19n }), { maxLength: 300 }),
        (times) => {
          const bus = new EventBus();
          const seen: bigint[] = [];
          bus.subscribe(({ timeNs }) => seen.push(timeNs));
          for (const timeNs of times) bus.emit({ ...died, timeNs });
          expect(seen).toHaveLength(times.length);
          for (let i = 1; i < seen.length; i++)
            expect((seen[i] as bigint) > (seen[i - 1] as bigint)).toBe(true);
          expect(bus.history().map(({ timeNs }) => timeNs)).toEqual(seen.slice(-256));
        },
      ),
    );
  });
});

describe('a moment of a query', () => {
  it.each([
    ['0', 0n],
    ['1767323045', 1_767_323_045_000_000_000n],
    ['1767323045.000000001', 1_767_323_045_000_000_001n],
    ['1767323045.5', 1_767_323_045_500_000_000n],
    ['2026-01-02T03:04:05.000000001Z', 1_767_323_045_000_000_001n],
    ['2026-01-02T04:04:05+01:00', 1_767_323_045_000_000_000n],
  ])('%s is exact', (text, expected) => {
    expect(new Query(`since=${encodeURIComponent(text)}`).nanoseconds('since')).toBe(expected);
  });
  it.each(['abc', '10m', '-5', '1e9', '2026-13-01'])('%s is refused', (text) => {
    expect(() => new Query(`since=${text}`).nanoseconds('since')).toThrow(/neither a unix time/);
  });
});

describe('petri events shows', () => {
  const line = eventLine(died);
  it.each([
    [undefined, `container die ${id} (color=red, exitCode=3, image=busybox:1, name=web)`],
    ['json', line],
    ['{{json .}}', line],
    ['{{.Status}} {{.ID}} {{.From}} {{.Time}}', `die ${id} busybox:1 1767323045`],
    ['{{.Type}} {{.Actor.Attributes.name}} {{.TimeNano}}', 'container web 1767323045000000001'],
  ])('%s', (format, expected) => {
    expect(eventFormat(format)(line)).toContain(expected);
  });
  it('the time to the nanosecond', () => {
    expect(eventFormat(undefined)(line)).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:05\.000000001(Z|[+-]\d\d:\d\d) /,
    );
  });
});
