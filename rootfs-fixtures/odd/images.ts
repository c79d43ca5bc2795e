/**
 * Small images for the odd cases: each either works or is refused, with a reason. `load` brings them;
 * test/integration/image-odd.test.ts holds each to what it says here.
 */
import { execFileSync } from 'node:child_process';
import { type Entry, type Parts, tar } from './archive.ts';

export interface OddImage {
  name: string;
  make(): Promise<Parts>;
  /** Undefined: it works. */
  refused?: RegExp;
}

const works = (name: string, make: OddImage['make']): OddImage => ({ name, make });
const refused = (name: string, reason: RegExp, make: OddImage['make']): OddImage => ({
  name,
  make,
  refused: reason,
});

/** Layers of one small file each, all different. */
export function manyLayers(count: number): Promise<Buffer[]> {
  return Promise.all(
    Array.from({ length: count }, (_, i) =>
      tar([
        { name: `layer-${i}`, body: `${i}\n` },
        { name: 'top', body: `${i}\n` },
      ]),
    ),
  );
}

const withConfig = (config: object) => async (): Promise<Parts> => ({
  layers: [await tar([{ name: 'file', body: 'x' }])],
  config,
});

const withEntries =
  (...entries: Entry[]) =>
  async (): Promise<Parts> => ({
    layers: [await tar([{ name: './', type: 'directory' }, ...entries])],
  });

const steps = (count: number) => Array.from({ length: count }, (_, i) => ({ created_by: `${i}` }));

const configurations: OddImage[] = [
  works('no layers at all', async () => ({ layers: [] })),
  works('127 layers', async () => ({ layers: await manyLayers(127) })),
  refused('128 layers', /max depth exceeded/, async () => ({ layers: await manyLayers(128) })),
  refused('500 layers', /max depth exceeded/, async () => ({ layers: await manyLayers(500) })),
  works('one layer twice', async () => {
    const layer = await tar([{ name: 'file', body: 'x' }]);
    return { layers: [layer, layer] };
  }),
  works('Cmd as a string', withConfig({ config: { Cmd: 'sh', Entrypoint: '/bin/env' } })),
  refused('no os', /invalid image configuration: .*os/, withConfig({ os: undefined })),
  refused('another os', /cannot load windows image on linux/, withConfig({ os: 'windows' })),
  works('another architecture', withConfig({ architecture: 's390x' })),
  refused('no architecture', /architecture/, withConfig({ architecture: undefined })),
  works('no configuration inside', withConfig({ config: undefined })),
  works(
    'null in every place',
    withConfig({ config: { Cmd: null, Env: null, Labels: null }, history: null }),
  ),
  works('a history that is too short', withConfig({ history: [] })),
  works('a history that is too long', withConfig({ history: steps(9) })),
  refused('a history that is a number', /history/, withConfig({ history: 1 })),
  works(
    'a label of a megabyte',
    withConfig({ config: { Labels: { big: 'x'.repeat(1_000_000) } } }),
  ),
  refused(
    'a label of five megabytes',
    /larger than 4194304 bytes/,
    withConfig({ config: { Labels: { big: 'x'.repeat(5_000_000) } } }),
  ),
  refused('labels that are numbers', /Labels/, withConfig({ config: { Labels: { a: 1 } } })),
  refused(
    'a diff id that is a path',
    /diff_ids/,
    withConfig({ rootfs: { type: 'layers', diff_ids: ['sha256:../../etc'] } }),
  ),
  refused(
    'the diff id of another layer',
    /invalid diffID for layer 0/,
    withConfig({ rootfs: { type: 'layers', diff_ids: [`sha256:${'0'.repeat(64)}`] } }),
  ),
  refused(
    'more diff ids than layers',
    /layers length mismatch/,
    withConfig({ rootfs: { type: 'layers', diff_ids: [] } }),
  ),
];

const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');

const files: OddImage[] = [
  works('whiteouts and opaque folders', async () => ({
    layers: [
      await tar([
        { name: 'a/', type: 'directory' },
        { name: 'a/gone', body: 'x' },
        { name: 'b/', type: 'directory' },
        { name: 'b/gone', body: 'x' },
      ]),
      await tar([
        { name: 'a/.wh.gone' },
        { name: 'b/', type: 'directory' },
        { name: 'b/.wh..wh..opq' },
        { name: 'b/new', body: 'y' },
        { name: '.wh.never-was' },
      ]),
    ],
  })),
  works(
    'hard links across folders, and to a link',
    withEntries(
      { name: 'a/', type: 'directory' },
      { name: 'b/', type: 'directory' },
      { name: 'a/first', body: 'one' },
      { name: 'b/second', type: 'link', link: 'a/first' },
      { name: 'soft', type: 'symlink', link: 'nowhere', mode: 0o777 },
      { name: 'soft-too', type: 'link', link: 'soft' },
    ),
  ),
  works(
    'devices and a fifo',
    withEntries(
      { name: 'null', type: 'char', devMajor: 1, devMinor: 3, mode: 0o666 },
      { name: 'disk', type: 'block', devMajor: 7, devMinor: 300 },
      { name: 'pipe', type: 'fifo' },
    ),
  ),
  works(
    'capabilities and attributes of its own',
    withEntries({
      name: 'ping',
      body: 'x',
      mode: 0o755,
      xattrs: new Map([
        ['security.capability', capability],
        ['user.note', Buffer.from([0, 255, 10])],
      ]),
    }),
  ),
  works(
    'nanoseconds, and times before 1970',
    withEntries(
      { name: 'fine', body: 'x', mtime: { seconds: 1_700_000_000, nanoseconds: 123_456_789 } },
      { name: 'old', body: 'x', mtime: { seconds: -13, nanoseconds: 500_000_000 } },
    ),
  ),
  works(
    'setuid, setgid, sticky, and other owners',
    withEntries(
      { name: 'su', body: 'x', mode: 0o4755 },
      { name: 'sg', body: 'x', mode: 0o2755, uid: 1000, gid: 4_000_000_000 },
      { name: 'tmp/', type: 'directory', mode: 0o1777 },
    ),
  ),
  works(
    'names that are no UTF-8, case twins, slashes too many',
    withEntries(
      { name: Buffer.from([0x66, 0xff, 0xfe]), body: 'x' },
      { name: 'Twin', body: '1' },
      { name: 'twin', body: '2' },
      { name: 'x//y///', type: 'directory' },
      { name: './/x/./y/z', body: 'z' },
      { name: ' ', body: 'a space' },
      { name: 'new\nline', body: '' },
    ),
  ),
  works('a name of 255 bytes', withEntries({ name: 'n'.repeat(255), body: '' })),
  refused('a name of 256 bytes', /too long/, withEntries({ name: 'n'.repeat(256), body: '' })),
  refused(
    'a path of 5000 bytes',
    /pathBytes/,
    withEntries({ name: 'ab/'.repeat(1667), type: 'directory' }),
  ),
  refused('an entry without a name', /no name/, withEntries({ name: '', body: '' })),
  refused('a name that climbs', /climbs out/, withEntries({ name: '../x', body: '' })),
  works('an empty layer', async () => ({ layers: [await tar([])] })),
];

function zstd(bytes: Buffer): Buffer {
  return execFileSync('zstd', ['-q', '-c'], { input: bytes, maxBuffer: 1 << 28 });
}

const compressed: OddImage[] = [
  works('zstd', async () => ({ ...(await withEntries()()), compress: zstd })),
];

export const oddImages: readonly OddImage[] = [...configurations, ...files, ...compressed];
