/** Whether the kernel ended a process of the container for want of memory: cgroup's own counter. */
import { readFileSync } from 'node:fs';
import type { Engine } from './engine.ts';
import { groupOf } from './plan/cgroup.ts';
import type { Container } from './table.ts';

export function wasOomKilled({ facts }: Engine, { record }: Container): boolean {
  const file = facts.cgroup.mode === 'v2' ? 'memory.events' : 'memory.oom_control';
  const text = readIfThere(`${groupOf({ facts, record }, 'memory')}/${file}`);
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0) > 0;
}

/** After a reboot the group is gone. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
