/** Manifests from strangers: what is taken, and what is refused and why. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mediaTypes, parseDigest } from '../../src/image/descriptor.ts';
import { composeManifest, parseManifest } from '../../src/image/manifest.ts';

const digest = `sha256:${'a'.repeat(64)}` as const;
const config = { mediaType: mediaTypes.dockerConfig, digest, size: 10 };
const layer = { mediaType: mediaTypes.dockerLayerGzip, digest, size: 20 };
const bytes = (document: unknown) => Buffer.from(JSON.stringify(document));
const manifest = { schemaVersion: 2, config, layers: [layer] };
const index = { schemaVersion: 2, manifests: [{ ...config, mediaType: mediaTypes.ociManifest }] };

describe('what is taken', () => {
  test('a manifest, under its header or by what it is', () => {
    const found = { kind: 'manifest', config, layers: [layer] };
    expect(parseManifest(bytes(manifest), mediaTypes.dockerManifest)).toMatchObject(found);
    expect(parseManifest(bytes(manifest))).toMatchObject(found);
  });

  test('an index with and without platforms', () => {
    const platform = { os: 'linux', architecture: 'arm64', variant: 'v8', 'os.version': '1' };
    const both = [...index.manifests, { ...index.manifests[0], platform }];
    const found = parseManifest(bytes({ ...index, manifests: both }), mediaTypes.ociIndex);
    expect(found).toMatchObject({
      kind: 'index',
      manifests: [{ platform: undefined }, { platform: { os: 'linux', variant: 'v8' } }],
    });
  });

  test('what we compose ourselves, the same bytes each time', () => {
    const composed = composeManifest(config, [layer, layer]);
    expect(parseManifest(composed, mediaTypes.dockerManifest)).toMatchObject({
      layers: [layer, layer],
    });
    expect(composeManifest(config, [layer, layer])).toEqual(composed);
  });
});

describe('what is refused', () => {
  const lies: [name: string, document: unknown, header: string | undefined, words: RegExp][] = [
    ['text that is no JSON', undefined, undefined, /invalid manifest/],
    ['a list', [], undefined, /no JSON object/],
    ['schema 1', { schemaVersion: 1, fsLayers: [] }, undefined, /schema 1/],
    ['an index that is a manifest too', { ...manifest, ...index }, undefined, /either an index or/],
    ['an index under the header of a manifest', index, mediaTypes.ociManifest, /unsupported media/],
    [
      'a field that contradicts the header',
      { ...manifest, mediaType: mediaTypes.ociManifest },
      mediaTypes.dockerManifest,
      /came as/,
    ],
    ['a header nobody knows', manifest, 'text/html', /unsupported media type/],
    [
      'a digest that climbs',
      { ...manifest, layers: [{ ...layer, digest: 'sha256:../../etc' }] },
      undefined,
      /digest/,
    ],
    [
      'another algorithm',
      { ...manifest, config: { ...config, digest: `md5:${'a'.repeat(32)}` } },
      undefined,
      /digest/,
    ],
    [
      'a negative size',
      { ...manifest, layers: [{ ...layer, size: -1 }] },
      undefined,
      /layers\.0\.size/,
    ],
    [
      'a size beyond all numbers',
      { ...manifest, layers: [{ ...layer, size: 2 ** 60 }] },
      undefined,
      /size/,
    ],
    [
      'a layer that is no archive',
      { ...manifest, layers: [{ ...layer, mediaType: 'text/plain' }] },
      undefined,
      /unsupported media type/,
    ],
    [
      'a huge configuration',
      { ...manifest, config: { ...config, size: 1e9 } },
      undefined,
      /larger/,
    ],
    ['no layers at all', { schemaVersion: 2, config }, undefined, /layers/],
  ];
  test.each(lies)('%s', (_name, document, header, words) => {
    const text = document === undefined ? Buffer.from('{') : bytes(document);
    expect(() => parseManifest(text, header)).toThrow(words);
  });

  test('more than four MiB', () => {
    expect(() => parseManifest(Buffer.alloc(5 << 20, ' '))).toThrow(/larger than 4194304 bytes/);
  });

  test('whatever else there is: an error of the caller, or a manifest', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        try {
          const found = parseManifest(bytes({ ...manifest, config: value }));
          expect(found.kind).toBe('manifest');
        } catch (error) {
          expect(error).toMatchObject({ kind: 'invalid' });
        }
      }),
    );
  });
});

test('a digest is sha256 and 64 small hex digits, nothing else', () => {
  expect(parseDigest(digest)).toBe(digest);
  for (const bad of [
    undefined,
    7,
    '',
    'sha256:',
    digest.toUpperCase(),
    `${digest}0`,
    `${digest}\n`,
  ])
    expect(() => parseDigest(bad)).toThrow(/64 hex digits/);
});
