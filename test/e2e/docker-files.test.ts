/** cp, export, import, diff, commit and history as typed, by docker's own command and by petri. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DockerSuite } from '../support/docker.ts';
import { type Ran, run } from '../support/supervisor.ts';

const suite = new DockerSuite();
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'petri-cp-'));
  mkdirSync(join(folder, 'dir/sub'), { recursive: true });
  writeFileSync(join(folder, 'file'), 'content\n');
  writeFileSync(join(folder, 'dir/sub/x'), 'x\n');
  chmodSync(join(folder, 'file'), 0o640);
  symlinkSync('file', join(folder, 'link'));
  // What is opened once and for good is open.
  await suite.docker('run', '-d', '--name', 'first', 'busybox', 'sleep', '1000');
  await suite.shell('docker export first >/dev/null; docker rm -f first');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A script in the folder, in which `cli` is one of the two commands. */
function script(cli: string, text: string): Promise<Ran> {
  const socket = `unix://${suite.engine.socket}`;
  const environment = { DOCKER_HOST: socket, PETRI_HOST: socket };
  return run('bash', ['-c', `cd ${folder}; cli() { ${cli} "$@"; }\n${text}`], environment);
}

const start =
  'cli run -d --name box --network none busybox sh -c "mkdir -p /e /d/sub; echo a >/d/a; echo b >/d/sub/b; ln -s a /d/l; ln -s /d /dl; exec sleep 1000" >/dev/null; for i in 1 2 3 4 5 6 7 8 9; do cli cp box:/dl - >/dev/null 2>&1 && break; done\n';
const inside = (paths: string) => `cli export box | tar t | grep -E '^(${paths})' | sort`;

const cases: [name: string, script: string, expected: string][] = [
  ['a file to a new name', `cli cp file box:/e/new; ${inside('e/')}`, 'e/\ne/new\n'],
  ['a file into a folder', `cli cp file box:/e; ${inside('e/')}`, 'e/\ne/file\n'],
  ['a file over a file', 'cli cp file box:/d/a; cli cp box:/d/a - | tar xO', 'content\n'],
  ['a folder to a new name', `cli cp dir box:/n; ${inside('n/')}`, 'n/\nn/sub/\nn/sub/x\n'],
  [
    'a folder into a folder',
    `cli cp dir box:/e; ${inside('e/')}`,
    'e/\ne/dir/\ne/dir/sub/\ne/dir/sub/x\n',
  ],
  ["a folder's content", `cli cp dir/. box:/e; ${inside('e/')}`, 'e/\ne/sub/\ne/sub/x\n'],
  [
    'an archive',
    `tar c dir | cli cp - box:/e; ${inside('e/dir/sub/')}`,
    'e/dir/sub/\ne/dir/sub/x\n',
  ],
  ['a link', 'cli cp link box:/e; cli cp box:/e/link - | tar tv | cut -c1', 'l\n'],
  ['a link with -L', 'cli cp -L link box:/e; cli cp box:/e/link - | tar xO', 'content\n'],
  ['to a link to a folder', `cli cp file box:/dl; ${inside('d/f')}`, 'd/file\n'],
  ['a file out', 'cli cp box:/d/a out; cat out; rm out', 'a\n'],
  [
    'a folder out',
    'cli cp box:/d out; find out | sort; rm -r out',
    'out\nout/a\nout/l\nout/sub\nout/sub/b\n',
  ],
  [
    'content out',
    'mkdir o; cli cp box:/d/. o; find o | sort; rm -r o',
    'o\no/a\no/l\no/sub\no/sub/b\n',
  ],
  ['a link out', 'cli cp box:/d/l out; readlink out; rm out', 'a\n'],
  ['a link out with -L', 'cli cp -L box:/d/l out; cat out; rm out', 'a\n'],
  ['an archive out', 'cli cp box:/d/. - | tar t', './\n./a\n./l\n./sub/\n./sub/b\n'],
  [
    'of a stopped container',
    `cli kill box >/dev/null; cli cp file box:/e; ${inside('e/')}`,
    'e/\ne/file\n',
  ],
  [
    'a missing source',
    'cli cp box:/nope . 2>&1; echo $?',
    'Could not find the file /nope in container box\n1\n',
  ],
  [
    'a missing parent',
    'cli cp file box:/m/x 2>&1; echo $?',
    'Could not find the file /m in container box\n1\n',
  ],
  ['a missing folder', 'cli cp file box:/m/ 2>&1 | tail -1', 'no such directory\n'],
  ['a folder over a file', 'cli cp dir box:/d/a 2>&1; echo $?', 'cannot copy directory\n1\n'],
  [
    'between containers',
    'cli cp box:/a box:/b 2>&1',
    'copying between containers is not supported\n',
  ],
  ['without a container', 'cli cp a b 2>&1', 'must specify at least one container source\n'],
];

/** Docker's command and ours put different words before a message. */
function withoutPrefix(text: string): string {
  return text.replace(/^(petri: |Error response from daemon: )/gm, '').replace(/^time=.*\n/gm, '');
}

describe.each([
  ['docker', 'docker'],
  ['petri', resolve('bin/petri')],
])('%s', (_name, cli) => {
  it.each(cases)('cp: %s', async (_case, text, expected) => {
    const ran = await script(cli, start + text);
    expect(withoutPrefix(ran.stdout), ran.stderr).toBe(expected);
  });

  it('cp keeps modes and times', async () => {
    await script(cli, `${start} cli cp file box:/e; cli cp box:/e/file back`);
    const [sent, back] = [statSync(join(folder, 'file')), statSync(join(folder, 'back'))];
    expect(back.mode).toBe(sent.mode);
    expect(Math.trunc(back.mtimeMs / 1000)).toBe(Math.trunc(sent.mtimeMs / 1000));
    expect(readFileSync(join(folder, 'back'), 'utf8')).toBe('content\n');
    rmSync(join(folder, 'back'));
  });

  it('export and import give the same files', async () => {
    const text = `${start} cli export -o all.tar box; cli import all.tar again >/dev/null
      cli run --rm --network none again sh -c 'cat /d/l /d/sub/b; ls -A /sys | head -1 >/dev/null'
      cli rmi again >/dev/null; tar tf all.tar | grep -c ^proc/; rm all.tar`;
    expect((await script(cli, text)).stdout).toBe('a\nb\n1\n');
  });

  it('diff tells changes, additions, deletions', async () => {
    const text =
      'cli run --name box --network none busybox sh -c "rm /bin/yes; echo >/etc/new; mkdir /x" ; cli diff box';
    expect((await script(cli, text)).stdout).toBe('C /bin\nD /bin/yes\nC /etc\nA /etc/new\nA /x\n');
  });

  it('commit makes an image that runs and knows its history', async () => {
    const text = `${start} cli commit -a me -m why -c 'ENV A=b' -c 'CMD ["sh", "-c", "cat /d/a; echo $A"]' box made:1 | cut -c1-7
      cli ps --format '{{.Status}}' | cut -c1-2
      cli run --rm --network none made:1
      cli history --format '{{.Comment}}' made:1
      cli history -q made:1 | wc -l
      cli inspect -f '{{.Author}} {{.Comment}}' made:1
      cli rmi made:1 >/dev/null`;
    const ran = await script(cli, text);
    expect(ran.stdout, ran.stderr).toBe('sha256:\nUp\na\nb\nwhy\nImported from -\n2\nme why\n');
  });

  it('commit of what cannot be is refused', async () => {
    const text = `${start} cli commit box Bad; echo $?; cli commit -c 'FROM x' box; echo $?; cli commit nope; echo $?`;
    const ran = await script(cli, `exec 2>&1; ${text}`);
    const words = withoutPrefix(ran.stdout);
    expect(words).toContain('must be lowercase');
    expect(words).toContain('from is not a valid change command');
    expect(words).toContain('No such container: nope');
    expect(words.match(/^1$/gm)).toHaveLength(3);
  });
});

it('both commands show the same history', async () => {
  const text = 'cli history busybox; cli history --no-trunc --format json busybox';
  const [docker, petri] = [await script('docker', text), await script(resolve('bin/petri'), text)];
  // The second command may run in the next second.
  const still = (out: string) => out.replaceAll(/\d+ seconds? ago/g, 'N seconds ago');
  expect(still(petri.stdout)).toBe(still(docker.stdout));
});
