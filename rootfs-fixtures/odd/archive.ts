/** Archives of images made of bytes, right ones and wrong ones: docker's, old and new, and OCI layouts. */
import { gzipSync } from 'node:zlib';
import { type Digest, digestOf, mediaTypes } from '../../src/image/descriptor.ts';
import type { TarHeader } from '../../src/image/tar/encode.ts';
import { type Writable, writeTar } from '../../src/image/tar/write.ts';

/** An entry of an archive; what is left out is what a plain file of root's has. */
export type Entry = { name: string | Buffer; body?: string | Buffer; link?: string } & Partial<
  Omit<TarHeader, 'path' | 'linkPath' | 'size'>
>;

export async function tar(entries: readonly Entry[]): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of writeTar(written(entries))) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

async function* written(entries: readonly Entry[]): AsyncGenerator<Writable> {
  for (const { name, body = '', link = '', ...fields } of entries) {
    const bytes = Buffer.from(body as string);
    yield {
      path: Buffer.from(name as string),
      type: 'file',
      mode: fields.type === 'directory' ? 0o755 : 0o644,
      uid: 0,
      gid: 0,
      size: bytes.length,
      mtime: { seconds: 1_700_000_000, nanoseconds: 0 },
      linkPath: Buffer.from(link),
      devMajor: 0,
      devMinor: 0,
      xattrs: new Map(),
      ...fields,
      async *body() {
        yield bytes;
      },
    };
  }
}

export interface Parts {
  /** Uncompressed layers, bottom first. */
  layers: readonly Buffer[];
  /** Goes over the configuration that fits the layers; undefined fields are left out. */
  config?: object;
  tags?: readonly string[];
  compress?: (layer: Buffer) => Buffer;
}

export function configOf({ layers, config }: Parts): Buffer {
  const document = {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Cmd: ['sh'] },
    rootfs: { type: 'layers', diff_ids: layers.map(digestOf) },
    ...config,
  };
  return Buffer.from(JSON.stringify(document));
}

/** As docker before 25 wrote it: a folder for each layer; a layer that comes twice is a link. */
export function dockerArchive(parts: Parts): Promise<Buffer> {
  const config = configOf(parts);
  const name = `${digestOf(config).slice(7)}.json`;
  const seen = new Map<Digest, string>();
  const entries: Entry[] = [{ name, body: config }];
  const names = parts.layers.map((layer, i) => {
    const folder = digestOf(Buffer.from(`${digestOf(layer)} ${i}`)).slice(7);
    const path = `${folder}/layer.tar`;
    const first = seen.get(digestOf(layer));
    entries.push(
      { name: `${folder}/`, type: 'directory' },
      { name: `${folder}/VERSION`, body: '1.0' },
    );
    if (first) entries.push({ name: path, type: 'symlink', link: `../${first}`, mode: 0o777 });
    else entries.push({ name: path, body: parts.compress?.(layer) ?? layer });
    seen.set(digestOf(layer), first ?? path);
    return path;
  });
  const manifest = [{ Config: name, RepoTags: parts.tags ?? null, Layers: names }];
  return tar([...entries, { name: 'manifest.json', body: JSON.stringify(manifest) }]);
}

/** An OCI layout, as buildx and skopeo write it. */
export function ociLayout(parts: Parts, annotations: object = {}): Promise<Buffer> {
  const compress = parts.compress ?? ((layer: Buffer) => gzipSync(layer));
  const layers = parts.layers.map(compress);
  const config = configOf(parts);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: descriptor(config, mediaTypes.ociConfig),
      layers: layers.map((layer) => descriptor(layer, mediaTypes.ociLayerGzip)),
    }),
  );
  const index = {
    schemaVersion: 2,
    manifests: (parts.tags ?? [undefined]).map((tag) => ({
      ...descriptor(manifest, mediaTypes.ociManifest),
      annotations: { ...(tag && { 'io.containerd.image.name': tag }), ...annotations },
    })),
  };
  return layout([manifest, config, ...layers], index);
}

export function descriptor(bytes: Buffer, mediaType: string) {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

/** The index first, as some writers have it. */
export function layout(blobs: readonly Buffer[], index: object): Promise<Buffer> {
  const unique = new Map(blobs.map((blob) => [digestOf(blob), blob]));
  return tar([
    { name: 'oci-layout', body: '{"imageLayoutVersion":"1.0.0"}' },
    { name: 'index.json', body: JSON.stringify(index) },
    ...[...unique].map(([digest, body]) => ({ name: `blobs/sha256/${digest.slice(7)}`, body })),
  ]);
}
