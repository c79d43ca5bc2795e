/**
 * Flags and errnos by the kernel's names, without loading anything native, so that plans can be made,
 * shown and encoded anywhere.
 */
import { constants, errnoNames } from '../kernel/generated/constants.ts';

const byName: Readonly<Record<string, number>> = constants;
const errnoByName = new Map(Object.entries(errnoNames).map(([number, name]) => [name, +number]));

/**
 * The number behind flags: names are or-ed together. A capability's name stands for its bit, as in the
 * masks of capset(2), not for its number.
 * @throws TypeError for a name that native/constants.list does not have
 */
export function flagNumber(flags: number | readonly string[]): number {
  if (typeof flags === 'number') return flags;
  // In halves: JavaScript's own operators take 32 bits.
  let [high, low] = [0, 0];
  for (const name of flags) {
    const value = Object.hasOwn(byName, name) ? byName[name] : undefined;
    if (value === undefined) throw new TypeError(`unknown kernel constant ${name}`);
    const bits = name.startsWith('CAP_') ? 2 ** value : value;
    high |= Math.floor(bits / 2 ** 32);
    low |= bits;
  }
  return high * 2 ** 32 + (low >>> 0);
}

/** @throws TypeError for a name errno.h does not have */
export function errnoNumber(name: string): number {
  const number = errnoByName.get(name);
  if (number === undefined) throw new TypeError(`unknown errno ${name}`);
  return number;
}
