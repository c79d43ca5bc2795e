/**
 * testcontainers, unchanged: how it waits, execs and copies. Published ports and networks are in real/testcontainers.test.ts,
 * with servers to wait for.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Supervisor } from '../support/supervisor.ts';
import { archive, entry } from '../unit/tar-archive.ts';

let petri: Supervisor;
let folder: string;
beforeAll(async () => {
  petri = await Supervisor.start();
  folder = mkdtempSync(join(tmpdir(), 'petri-testcontainers-'));
  // It looks for its engine in the environment; its reaper is an image of a registry.
  process.env.DOCKER_HOST = `unix://${petri.socket}`;
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await petri.remove();
});

const sleeping = () => new GenericContainer('busybox').withCommand(['sleep', '1000']);

/** Starts it, and stops it whatever becomes of the test. */
async function using(
  container: GenericContainer,
  use: (started: StartedTestContainer) => Promise<void>,
): Promise<void> {
  const started = await container.start();
  try {
    await use(started);
  } finally {
    await started.stop({ timeout: 0 });
  }
}

describe('waits', () => {
  test('for a health check of its own', async () => {
    const container = sleeping()
      .withHealthCheck({ test: ['CMD-SHELL', 'test -e /etc/passwd'], interval: 100, retries: 3 })
      .withWaitStrategy(Wait.forHealthCheck());
    await using(container, async (started) => {
      expect(
        (await petri.docker('inspect', '-f', '{{.State.Health.Status}}', started.getId())).stdout,
      ).toBe('healthy\n');
    });
  });

  test('for a log message, the second time it is said', async () => {
    const line = 'echo ready; usleep 100000; echo ready; exec sleep 1000';
    const container = new GenericContainer('busybox')
      .withCommand(['sh', '-c', line])
      .withWaitStrategy(Wait.forLogMessage(/ready/, 2));
    await using(container, async (started) => {
      const log = await started.logs();
      let said = '';
      log.on('data', (chunk) => {
        said += chunk;
      });
      while (!/ready\n[\s\S]*ready/.test(said))
        await new Promise((resolve) => log.once('data', resolve));
      log.destroy();
    });
  });

  test('for a command that succeeds', async () => {
    const container = new GenericContainer('busybox')
      .withCommand(['sh', '-c', 'usleep 100000; touch /up; exec sleep 1000'])
      .withWaitStrategy(Wait.forSuccessfulCommand('test -e /up'));
    await using(container, async (started) => {
      expect((await started.exec(['ls', '/up'])).exitCode).toBe(0);
    });
  });

  test('for a container that runs once and ends', async () => {
    const container = new GenericContainer('busybox')
      .withCommand(['true'])
      .withWaitStrategy(Wait.forOneShotStartup());
    const started = await container.start();
    await started.stop();
  });

  test('in vain: the start fails, and says so', async () => {
    const container = sleeping()
      .withWaitStrategy(Wait.forLogMessage('never'))
      .withStartupTimeout(300);
    await expect(container.start()).rejects.toThrow(/not received after 300ms/);
    expect((await petri.docker('ps', '-q')).stdout).toBe('');
  });
});

test('exec: output, streams apart, exit code, folder, user and environment', async () => {
  await using(sleeping(), async (started) => {
    const ran = await started.exec(
      ['sh', '-c', 'echo out $A $(pwd) $(id -u); echo err >&2; exit 3'],
      {
        workingDir: '/tmp',
        user: '12',
        env: { A: 'b' },
      },
    );
    expect(ran).toMatchObject({ exitCode: 3, stdout: 'out b /tmp 12\n', stderr: 'err\n' });
  });
});

test('copies content, files, folders and archives in, before the start and after it', async () => {
  const file = join(folder, 'file');
  const tree = join(folder, 'tree');
  writeFileSync(file, 'of a file\n');
  mkdirSync(join(tree, 'deep'), { recursive: true });
  writeFileSync(join(tree, 'deep', 'leaf'), 'of a folder\n');
  const container = sleeping()
    .withCopyContentToContainer([{ content: 'of content\n', target: '/in/content', mode: 0o640 }])
    .withCopyFilesToContainer([{ source: file, target: '/in/file' }])
    .withCopyDirectoriesToContainer([{ source: tree, target: '/in/tree' }])
    .withCopyArchivesToContainer([
      {
        tar: Readable.from([archive(entry({ name: 'packed', body: 'of an archive\n' }))]),
        target: '/in',
      },
    ]);
  await using(container, async (started) => {
    const read = async (...paths: string[]) => (await started.exec(['cat', ...paths])).stdout;
    const all = ['/in/content', '/in/file', '/in/tree/deep/leaf', '/in/packed'];
    expect(await read(...all)).toBe('of content\nof a file\nof a folder\nof an archive\n');
    expect((await started.exec(['stat', '-c', '%a', '/in/content'])).stdout).toBe('640\n');
    await started.copyContentToContainer([{ content: 'later\n', target: '/later/content' }]);
    await started.copyFilesToContainer([{ source: file, target: '/later/file' }]);
    await started.copyDirectoriesToContainer([{ source: tree, target: '/later/tree' }]);
    await started.copyArchiveToContainer(
      Readable.from([archive(entry({ name: 'packed', body: 'too\n' }))]),
      '/later',
    );
    expect(
      await read('/later/content', '/later/file', '/later/tree/deep/leaf', '/later/packed'),
    ).toBe('later\nof a file\nof a folder\ntoo\n');
  });
});

test('copies an archive out, of a running one and of one that was stopped', async () => {
  const container = new GenericContainer('busybox')
    .withCommand(['sh', '-c', 'echo made > /made; exec sleep 1000'])
    .withWaitStrategy(Wait.forSuccessfulCommand('test -s /made'));
  const started = await container.start();
  const bytes = await buffer((await started.copyArchiveFromContainer('/made')) as Readable);
  expect(bytes.toString()).toContain('made\n');
  const stopped = await started.stop({ remove: false, timeout: 0 });
  const again = await text((await stopped.copyArchiveFromContainer('/made')) as Readable);
  expect(again).toContain('made\n');
  await petri.docker('rm', stopped.getId());
});

test('commits, restarts, and tells names, labels and addresses', async () => {
  await using(sleeping().withName('tc').withLabels({ who: 'tc' }), async (started) => {
    expect([started.getName(), started.getLabels().who]).toEqual(['/tc', 'tc']);
    expect(started.getIpAddress('bridge')).toMatch(/^10\./);
    await started.restart({ timeout: 0 });
    expect((await started.exec(['true'])).exitCode).toBe(0);
    const image = await started.commit({ repo: 'committed', tag: 'here', deleteOnExit: false });
    expect((await petri.docker('image', 'inspect', image)).code).toBe(0);
  });
});
