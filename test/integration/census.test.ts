/** The census must notice one of each thing it counts: each is made, seen, taken away, and gone. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cgroupParents, detectCgroups, removeCgroup } from '../../src/kernel/cgroup.ts';
import { close } from '../../src/kernel/files.ts';
import { sealedMemfd } from '../../src/kernel/memfd.ts';
import { mount, umount2 } from '../../src/kernel/mounts.ts';
import { reap, spawnShim } from '../../src/kernel/spawn.ts';
import {
  type Census,
  type CensusOptions,
  census,
  diffCensus,
  expectNoLeak,
  type Kind,
} from '../support/census.ts';

const TABLE = `petri_census_${process.pid}`;
let root: string;
let leases = 0;
let options: CensusOptions;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'petri-census-'));
  for (const folder of ['data/containers', 'data/trash', 'run/containers/one'])
    mkdirSync(join(root, folder), { recursive: true });
  options = { dataRoot: join(root, 'data'), runRoot: join(root, 'run'), leases: () => leases };
});
afterAll(() => rm(root, { recursive: true }));

const run = (command: string) => void execFileSync('sh', ['-c', command], { stdio: 'pipe' });

/** A program that waits, started as the shim is, in the run folder of a container. */
function startShim(cwd: string): number {
  const program = sealedMemfd('petri-shim', readFileSync('/bin/busybox'));
  const script = 'printf petri-shim > /proc/$$/comm; echo up > up; sleep 1000 & wait';
  const pid = spawnShim({ executableFd: program, argv: ['sh', '-c', script], cwd, inherit: [] });
  close(program);
  return pid;
}

async function added(before: Census, kind: Kind): Promise<string[]> {
  const difference = diffCensus(before, await census(options));
  return difference
    .filter((each) => each.kind === kind && each.change === 'more')
    .map(({ what }) => what);
}

/** Makes a thing, expects the census to name it, takes it away, and expects nothing to be left. */
async function expectNoticed(
  kind: Kind,
  pattern: RegExp,
  make: () => void | Promise<void>,
  remove: () => void | Promise<void>,
): Promise<void> {
  const before = await census(options);
  await make();
  try {
    await expect.poll(() => added(before, kind)).toContainEqual(expect.stringMatching(pattern));
    await expect(expectNoLeak(before, 1)).rejects.toThrow(`more ${kind}: `);
  } finally {
    await remove();
  }
  await expectNoLeak(before);
}

describe('the census notices', () => {
  it('a mount', async () => {
    const target = join(root, 'data/containers');
    await expectNoticed(
      'mounts',
      /^tmpfs .*containers$/,
      () => mount({ source: 'tmpfs', target, fstype: 'tmpfs', flags: 0 }),
      () => umount2(target, ['MNT_DETACH']),
    );
  });

  it('a network namespace with a process in it', async () => {
    let child: ChildProcess;
    await expectNoticed(
      'namespaces',
      /^net:/,
      () => {
        child = spawn('unshare', ['-n', 'sleep', '1000']);
      },
      async () => {
        child.kill('SIGKILL');
        await once(child, 'exit');
      },
    );
  });

  it('a link', async () => {
    const name = `petri${process.pid % 100000}`;
    await expectNoticed(
      'links',
      new RegExp(name),
      () => run(`ip link add ${name} type bridge`),
      () => run(`ip link del ${name}`),
    );
  });

  it('a control group that is empty', async () => {
    const [parent] = cgroupParents(detectCgroups()) as [string];
    const path = join(parent, 'census');
    await expectNoticed(
      'cgroups',
      /petri\/census$/,
      () => void mkdirSync(path, { recursive: true }),
      () => removeCgroup(path),
    );
    // The parent is the engine's and stays if an engine made it; ours alone is empty.
    try {
      rmdirSync(parent);
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('EBUSY');
    }
  });

  it('a firewall table and the elements of its sets', async () => {
    const ruleset = `add table ip ${TABLE}; add set ip ${TABLE} s { type ipv4_addr; elements = { 10.9.8.7 } ; }`;
    const pattern = new RegExp(`element ${TABLE} s "10.9.8.7"`);
    await expectNoticed(
      'nftables',
      pattern,
      () => run(`nft '${ruleset}'`),
      () => run(`nft delete table ip ${TABLE}`),
    );
  });

  it('a shim, what descends from it, and the zombie it leaves', async () => {
    const cwd = join(root, 'run/containers/one');
    let pid = 0;
    await expectNoticed(
      'processes',
      /^sleep/,
      () => {
        pid = startShim(cwd);
      },
      async () => {
        run(`pkill -KILL -P ${pid}; true`);
        await expect
          .poll(async () => (await census(options)).found.zombies)
          .toEqual([`petri-shim ${pid}`]);
        expect(await reap(pid)).toBe(true);
        rmSync(join(cwd, 'up'), { force: true });
      },
    );
  });

  it('no shim of another engine', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'petri-other-'));
    const before = await census(options);
    const pid = startShim(elsewhere);
    const count = async () =>
      (await census({})).found.processes.filter((each) => each.endsWith(` ${pid}`));
    await expect.poll(count).toHaveLength(1);
    expect(await added(before, 'processes')).toEqual([]);
    run(`pkill -KILL -P ${pid}; true`);
    await reap(pid);
    await rm(elsewhere, { recursive: true });
  });

  it('a descriptor', async () => {
    let fd = -1;
    const file = join(root, 'data/open');
    writeFileSync(file, '');
    await expectNoticed(
      'descriptors',
      /data\/open$/,
      () => {
        fd = openSync(file, 'r');
      },
      () => closeSync(fd),
    );
  });

  it('a file in a folder of the engine, and one that is missing', async () => {
    const path = join(root, 'data/trash/x');
    await expectNoticed(
      'files',
      /trash\/x$/,
      () => writeFileSync(path, ''),
      () => rmSync(path),
    );
    const kept = join(root, 'data/containers/x');
    mkdirSync(join(root, 'data/containers'), { recursive: true });
    for (const each of [kept, path]) writeFileSync(each, '');
    const before = await census(options);
    rmSync(path); // the trash is meant to become empty
    await expectNoLeak(before, 1);
    rmSync(kept);
    await expect(expectNoLeak(before, 1)).rejects.toThrow(`less files: ${kept}`);
  });

  it('an address that is not given back', async () => {
    await expectNoticed(
      'addresses',
      /address/,
      () => void leases++,
      () => void leases--,
    );
  });
});
