/** A control group of a test's own that caps the memory of what is started in it. cgroups(7) */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { detectCgroups, removeCgroup } from '../../src/kernel/cgroup.ts';

export interface MemoryGroup {
  /** Goes before a command: that runs in the group from its first instruction on. */
  launcher: readonly string[];
  /** How many processes of it the kernel has killed because they wanted more. */
  oomKills(): number;
  remove(): Promise<void>;
}

export function memoryGroup(name: string, bytes: number): MemoryGroup {
  const layout = detectCgroups();
  const isV2 = layout.mode === 'v2';
  const root = isV2
    ? layout.root
    : (layout.hierarchies.find(({ controllers }) => controllers.includes('memory'))?.path ?? '');
  if (isV2) writeFileSync(join(root, 'cgroup.subtree_control'), '+memory');
  const path = join(root, name);
  mkdirSync(path);
  writeFileSync(join(path, isV2 ? 'memory.max' : 'memory.limit_in_bytes'), String(bytes));
  const events = join(path, isV2 ? 'memory.events' : 'memory.oom_control');
  return {
    launcher: ['sh', '-c', 'echo $$ >"$0" && exec "$@"', join(path, 'cgroup.procs')],
    oomKills: () => Number(/^oom_kill (\d+)$/m.exec(readFileSync(events, 'utf8'))?.[1]),
    remove: () => removeCgroup(path),
  };
}
