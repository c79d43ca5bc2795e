/** `--sysctl`: written once /proc is the container's own, before /proc/sys becomes read-only. proc_sys(5). */
import type { StepDraft } from '../../step/step.ts';
import { sysctls } from '../option/sysctls.ts';
import { by, quote } from './draft.ts';
import type { PlanInput } from './input.ts';

export function sysctlSteps({ record }: Pick<PlanInput, 'record'>): StepDraft[] {
  return sysctls(record.hostConfig).map(({ key, path, value }) =>
    by('init', 'mounts')(
      'write',
      { path, data: value },
      `${key} as asked for: it belongs to a namespace of the container's own`,
      `sysctl -w ${quote(`${key}=${value}`)}`,
      { see: 'proc_sys(5)' },
    ),
  );
}
