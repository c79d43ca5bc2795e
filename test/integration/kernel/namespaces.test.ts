import { spawnSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { close } from '../../../src/kernel/files.ts';
import { hop, newNamespace, unshare } from '../../../src/kernel/namespaces.ts';

const here = () => readlinkSync('/proc/thread-self/ns/net');
const openFds = () => readdirSync('/proc/self/fd').length;

describe('a hop', () => {
  it('is elsewhere inside and at home afterwards', () => {
    const home = here();
    const fd = newNamespace('net');
    const inside = hop(fd, here);
    expect(inside).toBe(readlinkSync(`/proc/self/fd/${fd}`));
    expect(inside).not.toBe(home);
    expect(here()).toBe(home);
    close(fd);
  });

  it('comes back when the work throws', () => {
    const home = here();
    const work = () => {
      throw new Error('in there');
    };
    expect(() => hop('new', work)).toThrow('in there');
    expect(here()).toBe(home);
  });

  it('refuses work that is not synchronous, and a hop inside a hop', () => {
    const home = here();
    expect(() => hop('new', async () => here())).toThrow(/synchronous/);
    expect(() => hop('new', () => hop('new', here))).toThrow(/cannot hop/);
    expect(here()).toBe(home);
  });

  it('leaves no descriptor when making a namespace fails half way', () => {
    newNamespaceFails();
    const before = openFds();
    newNamespaceFails();
    expect(openFds()).toBe(before);
  });

  it('that cannot come back ends the process rather than go on in the wrong place', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'petri-hop-'));
    const bundle = 'build/hop-without-return.mjs';
    await build({
      entryPoints: ['test/support/hop-without-return.ts'],
      outfile: bundle,
      bundle: true,
      platform: 'node',
      format: 'esm',
      external: ['koffi'],
    });
    const ended = spawnSync(process.execPath, [resolve(bundle)], { cwd: dir, encoding: 'utf8' });
    await rm(dir, { recursive: true });
    await rm(bundle);
    expect(ended.signal).toBe('SIGABRT');
    expect(ended.stderr).toContain("cannot return to the host's net namespace");
    expect(ended.stdout).not.toContain('went on');
  });

  it('works for host names too', () => {
    const fd = newNamespace('uts');
    expect(readlinkSync(`/proc/self/fd/${fd}`)).not.toBe(readlinkSync('/proc/self/ns/uts'));
    close(fd);
  });
});

function newNamespaceFails(): void {
  const fail = () => {
    throw new Error('no');
  };
  expect(() => newNamespace('net', fail)).toThrow('no');
}

it('a pid namespace is never unshared here', () => {
  expect(() => unshare(['CLONE_NEWPID'])).toThrow(/trap/);
});
