/** Images made of small layers, as a registry or an archive holds them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { digestOf, mediaTypes } from '../../src/image/descriptor.ts';
import { type Blob, blobOf, configBlob, manifestOf } from './blobs.ts';

/** An archive of these files, by their paths. */
export function tarOf(files: Readonly<Record<string, string | Buffer>>): Buffer {
  const root = mkdtempSync(join(tmpdir(), 'petri-layer-'));
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
    }
    const flags = ['--numeric-owner', '--sort=name', '--mtime=@1000000000', '-cf', '-', '.'];
    return execFileSync('tar', ['-C', root, ...flags], { maxBuffer: 1 << 30 });
  } finally {
    rmSync(root, { recursive: true });
  }
}

export interface TestLayer extends Blob {
  /** The uncompressed archive. */
  tar: Buffer;
}

export function gzipLayer(tar: Buffer): TestLayer {
  return { tar, ...blobOf(gzipSync(tar, { level: 1 }), mediaTypes.ociLayerGzip) };
}

export function plainLayer(tar: Buffer): TestLayer {
  return { tar, ...blobOf(tar, mediaTypes.ociLayer) };
}

export interface TestImage {
  layers: TestLayer[];
  config: Blob;
  manifest: ReturnType<typeof manifestOf>;
  /** The image's id. */
  id: string;
}

/** @param more fields of the configuration */
export function imageOf(layers: TestLayer[], more: object = {}): TestImage {
  const config = configBlob({
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Cmd: ['sh'] },
    rootfs: { type: 'layers', diff_ids: layers.map(({ tar }) => digestOf(tar)) },
    ...more,
  });
  return { layers, config, manifest: manifestOf(layers, config), id: config.descriptor.digest };
}
