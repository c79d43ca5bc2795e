/** Options that this kernel cannot keep: as docker does, they are taken out, and the client is warned. Pure. */
import type { HostConfig } from '../config.ts';
import { weightFile } from '../plan/block-io.ts';
import type { HostFacts } from '../plan/facts.ts';

interface Rule {
  isAsked: (host: HostConfig) => boolean;
  isKept: (facts: HostFacts) => boolean;
  warning: string;
  without: Partial<HostConfig>;
}

/** Words of moby daemon/daemon_unix.go, verifyPlatformContainerResources. */
const rules: readonly Rule[] = [
  {
    isAsked: ({ OomKillDisable }) => OomKillDisable === true,
    isKept: hasFile('memory.oom_control'),
    warning: 'Your kernel does not support OomKillDisable. OomKillDisable discarded.',
    without: { OomKillDisable: null },
  },
  {
    isAsked: ({ MemorySwappiness }) => (MemorySwappiness ?? -1) >= 0,
    isKept: hasFile('memory.swappiness'),
    warning:
      'Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.',
    without: { MemorySwappiness: null },
  },
  {
    isAsked: ({ BlkioWeight }) => BlkioWeight > 0,
    isKept: (facts) => weightFile(facts) !== undefined,
    warning:
      'Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.',
    without: { BlkioWeight: 0 },
  },
  {
    isAsked: ({ BlkioWeightDevice }) => (BlkioWeightDevice ?? []).length > 0,
    isKept: (facts) => weightFile(facts) !== undefined,
    warning:
      'Your kernel does not support Block I/O weight_device or the cgroup is not mounted. Weight-device discarded.',
    without: { BlkioWeightDevice: null },
  },
];

export function keepSupported(
  host: HostConfig,
  facts: HostFacts,
): { host: HostConfig; warnings: string[] } {
  const broken = rules.filter(({ isAsked, isKept }) => isAsked(host) && !isKept(facts));
  const kept: HostConfig = Object.assign({}, host, ...broken.map(({ without }) => without));
  const warnings = broken.map(({ warning }) => warning);
  if (kept.OomKillDisable && kept.Memory === 0)
    warnings.push(
      'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
    );
  return { host: kept, warnings };
}

/** Only cgroup v1 has these two. */
function hasFile(name: string): Rule['isKept'] {
  return ({ cgroup, groupFiles }) => cgroup.mode !== 'v2' && groupFiles.includes(name);
}
