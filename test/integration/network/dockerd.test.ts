/** Beside a real dockerd, on a host in miniature: whichever starts first, containers reach the outside. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, test } from 'vitest';
import {
  addOutside,
  joinBridge,
  moveToPrivateHost,
  type OpenBridge,
  openBridge,
  reaches,
  run,
} from '../../support/network.ts';

const log = { info() {}, warn() {}, error() {} };
const options = { bridge: 'petritest2', bip: '10.94.0.1/24', log };
const installed = spawnSync('dockerd', ['--version']).status === 0;

let folder: string;
let dockerd: ChildProcess;
let network: OpenBridge | undefined;

beforeAll(() => {
  moveToPrivateHost();
  addOutside();
});

afterEach(async () => {
  await network?.closeAndRemove();
  network = undefined;
  dockerd.kill('SIGTERM');
  if (dockerd.exitCode === null) await once(dockerd, 'exit');
  run('ip', 'link', 'del', 'docker0');
  run('nft', 'flush', 'ruleset');
  rmSync(folder, { recursive: true, force: true });
});

/** It sets FORWARD to drop when it finds forwarding off and turns it on. */
async function startDockerd(): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), 'petri-dockerd-'));
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '0');
  const at = (name: string) => join(folder, name);
  dockerd = spawn(
    'dockerd',
    ['--data-root', at('data'), '--exec-root', at('exec'), '--pidfile', at('pid')]
      .concat(['-H', `unix://${at('docker.sock')}`, '--bip', '10.95.0.1/24'])
      .concat(['--storage-driver', 'vfs']),
    { stdio: 'ignore' },
  );
  await expect.poll(() => existsSync(at('docker.sock')), { timeout: 30_000 }).toBe(true);
  await expect.poll(forwardPolicy, { timeout: 30_000 }).toContain('-P FORWARD DROP');
}

function forwardPolicy(): string {
  return run('iptables', '-S', 'FORWARD');
}

test.skipIf(!installed)('dockerd first', async () => {
  await startDockerd();
  network = await openBridge(options);
  const [one, two] = [joinBridge(network), joinBridge(network)];
  expect(reaches(one, '198.51.100.2')).toBe(true);
  expect(reaches(one, two.ipAddress)).toBe(true);
  one.close();
  two.close();
});

test.skipIf(!installed)('dockerd later, and its rules are left as it made them', async () => {
  network = await openBridge(options);
  const container = joinBridge(network);
  await startDockerd();
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
  await expect.poll(() => reaches(container, '198.51.100.2'), { timeout: 5000 }).toBe(true);
  container.close();
  await network.closeAndRemove();
  network = undefined;
  expect(run('iptables-save')).not.toContain('petri');
});
