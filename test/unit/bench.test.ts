import { describe, expect, it } from 'vitest';
import { asMarkdown, asText, FIGURE_HEAD, figureRow } from '../bench/report.ts';
import { alternate, figures } from '../bench/statistics.ts';

describe('figures', () => {
  it('are the smallest, the middle and the largest by number', () => {
    expect(figures([10, 9, 100])).toEqual({ rounds: 3, min: 9, median: 10, max: 100 });
  });

  it('come from ways that take turns, without the first round of each', async () => {
    const turns: string[] = [];
    const way = (name: string, ms: number) => async () => {
      turns.push(name);
      return turns.length <= 2 ? 1000 : ms;
    };
    const found = await alternate(2, { a: way('a', 1), b: way('b', 2) });
    expect(turns).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
    expect(found).toMatchObject({ a: { max: 1, rounds: 2 }, b: { max: 2 } });
  });
});

describe('the report', () => {
  const table = {
    title: 'a title',
    note: 'how.',
    head: FIGURE_HEAD,
    rows: [figureRow('petri', { rounds: 3, min: 1, median: 2.26, max: 30 })],
  };
  it('aligns figures for the terminal', () => {
    expect(asText(table).split('\n').slice(1)).toEqual([
      '       median ms  min ms  max ms  rounds',
      'petri        2.3     1.0    30.0       3',
      '',
    ]);
  });
  it('is a Markdown table with its date and machine', () => {
    const text = asMarkdown([table], new Date('2026-01-02T03:04:05Z'));
    expect(text).toContain('2026-01-02: Linux ');
    expect(text).toContain('| petri | 2.3 | 1.0 | 30.0 | 3 |');
  });
});
