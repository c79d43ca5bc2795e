/** How other readers of tar archives list one: `type size name` of each entry, as far as they read. */
import { spawnSync } from 'node:child_process';

const kinds: Record<string, string> = {
  '-': 'file',
  C: 'file',
  h: 'link',
  l: 'symlink',
  c: 'char',
  b: 'block',
  d: 'directory',
  p: 'fifo',
};

/** Lines such as `-rw-r--r-- 0/0  5 1970-01-01 00:00 name`; a device has `1,3` for its size. */
export function gnuListing(bytes: Buffer): string[] {
  const options = ['-tvP', '--numeric-owner', '--quoting-style=literal'];
  return listed('tar', options, bytes, /^(.)\S+ +\S+ +(\S+) +\S+ +\S+ (.*)$/);
}

/** Lines such as `-rw-r--r--  0 0  0  5 Jan  1  1970 name`. */
export function bsdListing(bytes: Buffer): string[] {
  const line = /^(.)\S+ +\d+ +\S+ +\S+ +(\S+) +\S+ +\d+ +[\d:]+ (.*)$/;
  return listed('bsdtar', ['-tvf-', '--numeric-owner'], bytes, line);
}

function listed(program: string, options: string[], input: Buffer, form: RegExp): string[] {
  const env = { LC_ALL: 'C', PATH: process.env.PATH };
  const { stdout } = spawnSync(program, options, { input, env });
  const lines = stdout.toString('latin1').split('\n').filter(Boolean);
  // bsdtar tells a backslash by two.
  const told = (name: string) => (program === 'bsdtar' ? name.replaceAll('\\\\', '\\') : name);
  return lines.map((line) => {
    const [, letter = '', size = '', rest = ''] = form.exec(line) ?? [];
    const kind = kinds[letter] ?? line;
    const name = rest.replace(kind === 'symlink' ? / -> .*$/ : / link to .*$/, '');
    return lineOf(kind, size.includes(',') ? 0 : Number(size), told(name));
  });
}

/** Two slashes are one. */
export function lineOf(type: string, size: number, name: string): string {
  return `${type} ${size} ${name.replaceAll(/\/+/g, '/')}`;
}
