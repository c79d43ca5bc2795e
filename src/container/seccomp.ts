/** The seccomp filter of a container: docker's default in effect, opened by its capabilities. */
import { makeSeccompFilter, type SeccompPolicy } from '../kernel/seccomp.ts';
import type { HostConfig } from './config.ts';
import { security } from './option/security.ts';
import {
  CLONE_NAMESPACES,
  PERSONALITIES,
  REFUSED_FAMILIES,
  refusedCalls,
} from './plan/seccomp-policy.ts';

/** Making one takes some milliseconds, and most containers have the same capabilities. */
const made = new Map<string, string>();

/**
 * @param capabilities what the container keeps
 * @returns the filter in base64; undefined for a privileged or unconfined container
 */
export function seccompFilter(
  { Privileged, SecurityOpt }: Pick<HostConfig, 'Privileged' | 'SecurityOpt'>,
  capabilities: readonly string[],
): string | undefined {
  if (Privileged || security(SecurityOpt).unconfined) return undefined;
  const key = capabilities.join();
  const filter = made.get(key) ?? makeSeccompFilter(policyFor(capabilities)).toString('base64');
  made.set(key, filter);
  return filter;
}

export function policyFor(capabilities: readonly string[]): SeccompPolicy {
  const { AF_ALG, AF_VSOCK } = REFUSED_FAMILIES;
  const admin = capabilities.includes('CAP_SYS_ADMIN');
  return {
    refused: refusedCalls(capabilities),
    // Its flags lie in memory, where no filter can look: callers fall back to clone.
    unknown: new Set(admin ? [] : ['clone3']),
    checked: {
      ...(admin
        ? {}
        : { clone: [{ argument: 0, is: 'masked', mask: CLONE_NAMESPACES, value: 0 }] }),
      personality: PERSONALITIES.map((value) => ({ argument: 0, is: 'equal', value })),
      socket: [
        { argument: 0, is: 'less', value: AF_ALG },
        { argument: 0, is: 'equal', value: AF_ALG + 1 },
        { argument: 0, is: 'greater', value: AF_VSOCK },
      ],
    },
  };
}
