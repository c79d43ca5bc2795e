/** A program whose way back from another namespace is closed while it is away; must not go on. */
import { readdirSync, readlinkSync } from 'node:fs';
import { close } from '../../src/kernel/files.ts';
import { hop } from '../../src/kernel/namespaces.ts';

/** Every descriptor of a network namespace. */
function waysBack(): number[] {
  const fds = readdirSync('/proc/self/fd').map(Number);
  return fds.filter((fd) => target(fd).startsWith('net:'));
}

/** The folder that was listed is closed again. */
function target(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

hop('new', () => {
  for (const fd of waysBack()) close(fd);
});
console.log('went on');
