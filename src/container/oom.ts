/** Whether the kernel ended a process of the container for want of memory: cgroup's own counter. */
import { readFile } from 'node:fs/promises';
import type { Engine } from './engine.ts';
import { PARENT } from './plan/cgroup.ts';
import type { Container } from './table.ts';

export async function wasOomKilled({ facts }: Engine, { id }: Container): Promise<boolean> {
  const { cgroup } = facts;
  const memory = cgroup.mode === 'v2' ? cgroup.root : cgroup.hierarchies.find(({ controllers }) => controllers.includes('memory'))?.path;
  const file = cgroup.mode === 'v2' ? 'memory.events' : 'memory.oom_control';
  const text = await readFile(`${memory}/${PARENT}/${id}/${file}`, 'utf8').catch(() => '');
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0) > 0;
}
