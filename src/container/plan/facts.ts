/**
 * What the plan must know of the host, gathered once at start (src/supervisor/facts.ts), so that
 * planning itself is a pure function.
 */
import type { CgroupLayout } from '../../kernel/cgroup.ts';

export interface HostFacts {
  bootId: string;
  /** Highest capability number the kernel knows. */
  lastCapability: number;
  /** Those the engine has itself, and so can give. */
  capabilities: readonly string[];
  cgroup: CgroupLayout;
  /** Overlay takes one `lowerdir+` per layer (kernel ≥ 6.5); else one string of at most a page. */
  overlayLowerdirPlus: boolean;
  /** Swap can be limited (v2; v1 with swap accounting). */
  swapLimit: boolean;
  /** Control files that not every kernel has, of those that some option needs. */
  groupFiles: readonly string[];
  cpus: number;
  memoryBytes: number;
}
