/** images, import, tag and rmi, version and info through docker's own command. */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DockerSuite } from '../support/docker.ts';

const suite = new DockerSuite();
const images = async (...flags: string[]) => (await suite.docker('images', ...flags)).stdout;
const layers = () => readdirSync(`${suite.engine.root}/data/layers`);

describe('the engine', () => {
  it('version: server and API', async () => {
    const { stdout } = await suite.docker(
      'version',
      '--format',
      '{{.Server.APIVersion}} {{.Server.MinAPIVersion}} {{.Server.Os}} {{.Server.KernelVersion}}',
    );
    expect(stdout).toBe(`1.47 1.24 linux ${(await suite.shell('uname -r')).stdout}`);
    expect((await suite.docker('version')).stdout).toContain('Petri');
  });
  it('info: counts what there is', async () => {
    const format =
      '{{.Containers}} {{.ContainersRunning}} {{.ContainersStopped}} {{.Images}} {{.DockerRootDir}} {{.NCPU}} {{.OSType}}';
    const before = (await suite.docker('info', '--format', format)).stdout.split(' ');
    await suite.docker('run', '-d', '--network', 'none', 'busybox', 'sleep', '1000');
    await suite.docker('create', 'busybox');
    const after = (await suite.docker('info', '--format', format)).stdout.split(' ');
    expect(before.slice(0, 3)).toEqual(['0', '0', '0']);
    expect(after.slice(0, 3)).toEqual(['2', '1', '1']);
    expect(after[4]).toBe(`${suite.engine.root}/data`);
    expect((await suite.docker('info')).code).toBe(0);
  });
});

describe('images', () => {
  it('lists, by name, by filter, by id', async () => {
    const id = await suite.inspect('{{.Id}}', 'busybox');
    expect(await images('--format', '{{.Repository}}:{{.Tag}}')).toBe('busybox:latest\n');
    expect(await images('-q', '--no-trunc')).toBe(`${id}\n`);
    expect(await images('-q', 'nosuch')).toBe('');
    expect(await images('-q', 'busybox:latest')).toBe(`${id.slice(7, 19)}\n`);
    expect(await images('-q', '--filter', 'dangling=true')).toBe('');
    expect(await images('-q', '--filter', 'reference=busy*')).toBe(`${id.slice(7, 19)}\n`);
  });
  it('tag: another name of the same image; rmi takes the name away and keeps the image', async () => {
    expect(await suite.docker('tag', 'busybox', 'other/box:1.0')).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
    expect(await suite.inspect('{{.Id}}', 'other/box:1.0')).toBe(
      await suite.inspect('{{.Id}}', 'busybox'),
    );
    expect(
      (await suite.docker('run', '--rm', '--network', 'none', 'other/box:1.0', 'echo', 'hi'))
        .stdout,
    ).toBe('hi\n');
    expect((await suite.docker('rmi', 'other/box:1.0')).stdout).toBe('Untagged: other/box:1.0\n');
    expect(await images('--format', '{{.Repository}}')).toBe('busybox\n');
  });
  it('import: from stdin and from a file, with changes; it runs; rmi removes its layer', async () => {
    const before = layers();
    const { stdout, code } = await suite.shell(`
      d=$(mktemp -d); mkdir -p $d/bin; cp "$(command -v busybox)" $d/bin/; echo mine > $d/file
      tar -C $d -c . | docker import -c 'CMD ["/bin/busybox","cat","file"]' -c 'WORKDIR /' -c 'ENV A=b' -c 'LABEL k=v' -m 'by hand' - mine:1; rm -r $d`);
    expect(code).toBe(0);
    const id = stdout.trim();
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(
      await suite.inspect('{{.Id}} {{.Config.Cmd}} {{.Config.Env}} {{.Config.Labels}}', 'mine:1'),
    ).toBe(`${id} [/bin/busybox cat file] [A=b] map[k:v]`);
    expect((await suite.docker('run', '--rm', '--network', 'none', 'mine:1')).stdout).toBe(
      'mine\n',
    );
    expect(layers().length).toBe(before.length + 1);
    const removed = await suite.docker('rmi', 'mine:1');
    expect(removed.stdout).toContain(`Untagged: mine:1\nDeleted: ${id}\n`);
    expect(layers()).toEqual(before);
  });
  it('rmi: not while a container is of it, -f only its name', async () => {
    await suite.shell('docker import -c \'CMD ["sh"]\' -c "LABEL n=2" build/busybox.tar second:1');
    const id = await suite.inspect('{{.Id}}', 'second:1');
    await suite.docker('create', '--name', 'of-it', 'second:1', 'echo', 'still here');
    expect((await suite.docker('rmi', 'second:1')).stderr).toContain('(must force)');
    expect((await suite.docker('rmi', '-f', 'second:1')).code).toBe(0);
    expect((await suite.docker('start', '-a', 'of-it')).stdout).toBe('still here\n');
    await suite.docker('rm', 'of-it');
    await suite.docker('rmi', '-f', id);
    expect(await images('--format', '{{.Repository}}')).toBe('busybox\n');
  });
});
