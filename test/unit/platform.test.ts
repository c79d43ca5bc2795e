/** Platforms as containerd's platforms package reads and matches them. */
import { expect, test } from 'vitest';
import {
  hostPlatform,
  isPlatform,
  mismatch,
  parsePlatform,
  runnableOn,
  showPlatform,
} from '../../src/image/platform.ts';

test.each([
  ['linux/amd64', 'linux/amd64'],
  ['linux/x86_64', 'linux/amd64'],
  ['linux/AMD64/v1', 'linux/amd64'],
  ['linux/arm64/v8', 'linux/arm64'],
  ['aarch64', 'linux/arm64'],
  ['linux/arm/7', 'linux/arm/v7'],
  ['armhf', 'linux/arm/v7'],
  ['s390x', 'linux/s390x'],
])('%s is %s', (text, shown) => expect(showPlatform(parsePlatform(text))).toBe(shown));

test('linux alone is this machine', () => expect(parsePlatform('linux')).toEqual(hostPlatform));

test.each([
  ['', /invalid platform/],
  ['a/b/c/d', /invalid platform/],
  ['linux/', /invalid platform/],
  ['windows/amd64', /operating system is not supported: windows/],
  ['plan9', /operating system is not supported: plan9/],
])('%j is refused', (text, words) => expect(() => parsePlatform(text)).toThrow(words));

test.each([
  ['linux/arm/v7', ['linux/arm/v7', 'linux/arm/v6', 'linux/arm/v5']],
  ['linux/amd64', ['linux/amd64']],
  ['linux/amd64/v3', ['linux/amd64/v3', 'linux/amd64/v2', 'linux/amd64']],
  ['linux/arm64', ['linux/arm64']],
])('on %s run %j', (text, all) =>
  expect(runnableOn(parsePlatform(text)).map(showPlatform)).toEqual(all),
);

test('a variant that every machine has need not be said', () => {
  const [arm, armV8] = ['linux/arm64', 'linux/arm64/v8'].map(parsePlatform);
  expect(arm && armV8 && isPlatform(arm, armV8)).toBe(true);
  expect(mismatch('x', { os: 'linux', architecture: 'arm' }, parsePlatform('linux/arm/v7'))).toBe(
    undefined,
  );
  expect(mismatch('x', { os: 'linux', architecture: 'arm64' }, parsePlatform('amd64'))).toBe(
    'image with reference x was found but does not match the specified platform: wanted linux/amd64, actual: linux/arm64',
  );
});
