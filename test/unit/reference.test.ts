/** References: docker's grammar, both forms, docker's words. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidError } from '../../src/errors/errors.ts';
import {
  familiarForm,
  fullForm,
  isFullId,
  parseReference,
  parseTagged,
  referenceWithTag,
} from '../../src/image/reference.ts';

const hex = '0123456789abcdef'.repeat(4);

describe('a reference', () => {
  test.each([
    ['busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['busybox:1.36', 'docker.io/library/busybox:1.36', 'busybox:1.36'],
    ['docker.io/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['index.docker.io/library/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['library/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['user/app', 'docker.io/user/app:latest', 'user/app:latest'],
    ['library/a/b', 'docker.io/library/a/b:latest', 'library/a/b:latest'],
    ['localhost/app', 'localhost/app:latest', 'localhost/app:latest'],
    ['localhost:5000/app:v1', 'localhost:5000/app:v1', 'localhost:5000/app:v1'],
    ['quay.io/a/b', 'quay.io/a/b:latest', 'quay.io/a/b:latest'],
    ['192.168.0.1', 'docker.io/library/192.168.0.1:latest', '192.168.0.1:latest'],
    ['192.168.0.1:80', 'docker.io/library/192.168.0.1:80', '192.168.0.1:80'],
    ['192.168.0.1:8/debian', '192.168.0.1:8/debian:latest', '192.168.0.1:8/debian:latest'],
    ['LOCALDOMAIN/debian', 'LOCALDOMAIN/debian:latest', 'LOCALDOMAIN/debian:latest'],
    ['[fc00::1]/docker:v1', '[fc00::1]/docker:v1', '[fc00::1]/docker:v1'],
    ['docker.io/docker.io/a', 'docker.io/docker.io/a:latest', 'docker.io/docker.io/a:latest'],
    ['a/b-c__d.e', 'docker.io/a/b-c__d.e:latest', 'a/b-c__d.e:latest'],
    ['xn--7o8h.com/a', 'xn--7o8h.com/a:latest', 'xn--7o8h.com/a:latest'],
    ['a-b.c:5/d', 'a-b.c:5/d:latest', 'a-b.c:5/d:latest'],
    ['[::1]:5000/app', '[::1]:5000/app:latest', '[::1]:5000/app:latest'],
    ['Host/app', 'Host/app:latest', 'Host/app:latest'],
    ['docker.io/a.b/c', 'docker.io/a.b/c:latest', 'docker.io/a.b/c:latest'],
    ['a__b/c--d.e_f', 'docker.io/a__b/c--d.e_f:latest', 'a__b/c--d.e_f:latest'],
    [`busybox@sha256:${hex}`, `docker.io/library/busybox@sha256:${hex}`, `busybox@sha256:${hex}`],
    [`q.io/a:1@sha256:${hex}`, `q.io/a:1@sha256:${hex}`, `q.io/a:1@sha256:${hex}`],
  ])('%s is %s, shown as %s', (text, full, familiar) => {
    const reference = parseTagged(text);
    expect(fullForm(reference)).toBe(full);
    expect(familiarForm(reference)).toBe(familiar);
  });

  test.each([
    ['', 'invalid reference format'],
    [':tag', 'invalid reference format'],
    ['a//b', 'invalid reference format'],
    ['/a', 'invalid reference format'],
    ['a/', 'invalid reference format'],
    ['a..b', 'invalid reference format'],
    ['-a', 'invalid reference format'],
    ['a b', 'invalid reference format'],
    ['a:', 'invalid reference format'],
    ['a:b:c', 'invalid reference format'],
    [`a:${'t'.repeat(129)}`, 'invalid reference format'],
    ['a@sha256:abc', 'invalid reference format'],
    ['../../etc', 'invalid reference format'],
    ['a\n', 'invalid reference format'],
    ['ä', 'invalid reference format'],
    ['https://github.com/docker/docker', 'invalid reference format'],
    ['-docker.io/docker/docker', 'invalid reference format'],
    ['docker-.io/docker', 'invalid reference format'],
    ['docker///docker', 'invalid reference format'],
    ['docker.io/docker///docker', 'invalid reference format'],
    ['a.-b', 'invalid reference format'],
    ['a___b', 'invalid reference format'],
    ['a_/b', 'invalid reference format'],
    ['[fc00::1]', 'invalid reference format'],
    ['[fc00::1]:5000', 'invalid reference format'],
    ['fc00::1:5000/docker', 'invalid reference format'],
    ['[fe80::1%eth0]:5000/docker', 'invalid reference format'],
    ['[::ffff:1.2.3.4]/docker', 'invalid reference format'],
    ['host:port/a', 'invalid reference format'],
    ['host:/a', 'invalid reference format'],
    ['user@host/a', 'invalid reference format'],
    ['a:-1', 'invalid reference format'],
    ['a:b@c', 'invalid reference format'],
    ['a@b:c', 'invalid reference format'],
    ['Busybox', 'invalid reference format: repository name (library/Busybox) must be lowercase'],
    ['a/B:1', 'invalid reference format: repository name (a/B) must be lowercase'],
    [hex, `invalid repository name (${hex}), cannot specify 64-byte hexadecimal strings`],
    ['a'.repeat(250), 'repository name must not be more than 255 characters'],
    [`a@sha256:${hex}00`, 'invalid checksum digest length'],
    [`a@md5:${hex}`, 'unsupported digest algorithm'],
    [`a@sha256:${hex.toUpperCase()}`, 'invalid checksum digest format'],
  ])('%j is refused: %s', (text, message) => {
    expect(() => parseReference(text)).toThrow(new InvalidError(message));
  });

  const component = fc.stringMatching(/^[a-z0-9]{1,8}([._-][a-z0-9]{1,4})?$/);
  const tag = fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/), {
    nil: undefined,
  });
  const domain = fc.constantFrom('docker.io', 'localhost', 'quay.io', 'localhost:5000', '[::1]:1');

  test('comes back from both its forms', () => {
    fc.assert(
      fc.property(
        domain,
        fc.array(component, { minLength: 1, maxLength: 4 }),
        tag,
        (host, path, label) => {
          const reference = parseTagged(`${host}/${path.join('/')}${label ? `:${label}` : ''}`);
          expect(parseReference(fullForm(reference))).toEqual(reference);
          expect(parseReference(familiarForm(reference))).toEqual(reference);
        },
      ),
    );
  });

  test('is parsed or refused, and a parsed one has one full form, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aA0:/.@-_[] ') }), (text) => {
        let full: string;
        try {
          full = fullForm(parseReference(text));
        } catch (error) {
          expect((error as Error).name).toBe('InvalidError');
          return;
        }
        expect(fullForm(parseReference(full))).toBe(full);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a tag given apart', () => {
  test.each([
    ['busybox', '1', 'busybox:1'],
    ['busybox', undefined, 'busybox:latest'],
    ['busybox', '', 'busybox:latest'],
    ['busybox:2', undefined, 'busybox:2'],
    ['busybox:2', '3', 'busybox:3'],
  ])('%s and %s is %s', (repo, tag, familiar) => {
    expect(familiarForm(referenceWithTag(repo, tag))).toBe(familiar);
  });

  test.each([
    ['busybox', '-a', 'invalid tag format'],
    ['busybox', 'a b', 'invalid tag format'],
    [`busybox@sha256:${hex}`, 'a', 'refusing to create a tag with a digest reference'],
  ])('%s and %s is refused', (repo, tag, message) => {
    expect(() => referenceWithTag(repo, tag)).toThrow(new InvalidError(message));
  });
});

test('a full id is 64 hex digits, with or without sha256:', () => {
  expect([hex, `sha256:${hex}`, hex.slice(1), `md5:${hex}`].map(isFullId)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
