/** What holds the comparison with docker to account: it must be able to fail. */
import { describe, expect, it } from 'vitest';
import { type Case, judge } from '../support/compatibility.ts';
import { compatibilityPage } from '../support/compatibility-page.ts';

const plain: Case = { row: 'ps', script: '$D ps' };
const difference = { reason: 'of a reason', shows: /own/ };
const said = (a: string, b: string, c: string, d: string) => ({
  'docker → dockerd': a,
  'petri → dockerd': b,
  'docker → Petri': c,
  'petri → Petri': d,
});

describe('a case', () => {
  it.each<[string, Partial<Case>, ReturnType<typeof said>]>([
    ['all say the same', {}, said('x', 'x', 'x', 'x')],
    [
      'the engine differs and says why',
      { engineDiffers: difference },
      said('x', 'x', 'own', 'own'),
    ],
    [
      'the client differs and says why',
      { clientDiffers: difference },
      said('x', 'own', 'x', 'own'),
    ],
  ])('holds when %s', (_name, fields, outcomes) => {
    expect(() => judge({ ...plain, ...fields }, outcomes)).not.toThrow();
  });

  it.each<[string, Partial<Case>, ReturnType<typeof said>]>([
    ['petri says other than docker', {}, said('x', 'x', 'x', 'y')],
    ['petri does so only of dockerd', {}, said('x', 'y', 'x', 'x')],
    ['Petri answers other than dockerd', {}, said('x', 'x', 'y', 'y')],
    [
      'a difference is declared that is not there',
      { engineDiffers: difference },
      said('own', 'own', 'own', 'own'),
    ],
    ['it says other than is declared', { engineDiffers: difference }, said('x', 'x', 'y', 'y')],
    [
      'the clients differ where the engines may',
      { engineDiffers: difference },
      said('x', 'x', 'own', 'my own'),
    ],
    [
      'the engines differ where the clients may',
      { clientDiffers: difference },
      said('x', 'own', 'y', 'own'),
    ],
  ])('fails when %s', (_name, fields, outcomes) => {
    expect(() => judge({ ...plain, ...fields }, outcomes)).toThrow();
  });

  it('without dockerd compares the two clients alone', () => {
    const two = (docker: string, petri: string) => ({
      'docker → Petri': docker,
      'petri → Petri': petri,
    });
    expect(() => judge(plain, two('x', 'x'))).not.toThrow();
    expect(() => judge(plain, two('x', 'y'))).toThrow();
  });
});

it('the page has a row for each group, and each reason once', () => {
  const cases: Case[] = [
    plain,
    { ...plain, engineDiffers: difference },
    { row: 'rm', script: '', clientDiffers: difference },
  ];
  const page = compatibilityPage(cases, { docker: '1', dockerd: '2' });
  expect(page).toContain('| `ps` | 2 | same, but 1 | same, but 1 | same |\n');
  expect(page).toContain('| `rm` | 1 | same | same, but 1 | same, but 1 |\n');
  expect(page.match(/of a reason/g)).toHaveLength(1);
});
