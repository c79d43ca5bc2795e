/**
 * The same steps in the words of a shell: to read, to compare, and to try by hand as root. What a shell
 * has no word for (sealing descriptors, the shim's loop) is a comment.
 */
import type { Step } from '../step/step.ts';
import { phases } from './phases.ts';
import { escapeControls } from './text.ts';

const END = 'CONTAINER';

/** @returns a script for bash, ending in a newline */
export function renderScript(steps: readonly Step[]): string {
  const lines = [
    '#!/bin/bash',
    `# ${steps.length} steps, as a shell would do them.`,
    'set -eu',
    ...variables(steps),
  ];
  let inside = false;
  steps.forEach((step, i) => {
    if (step.phase !== steps[i - 1]?.phase) {
      lines.push('', `# == ${step.phase}: ${phases[step.phase].purpose}`);
    }
    lines.push(`# ${step.n}. ${escapeControls(step.why)}; ${escapeControls(step.see)}`);
    if (step.call === 'clone3' && step.actor === 'shim') {
      // From here on it is the child that acts: the rest of the script is what it reads.
      lines.push(`${escapeLines(step.sh)} bash /dev/fd/9 9<<'${END}'`, 'set -eu');
      inside = true;
    } else {
      lines.push(escapeLines(step.sh));
    }
  });
  return `${[...lines, ...(inside ? [END] : [])].join('\n')}\n`;
}

/** What the commands call by name: the container, its folder, its root. */
function variables(steps: readonly Step[]): string[] {
  const pivot = steps.findIndex((step) => step.call === 'pivot_root');
  const root = steps.slice(0, Math.max(0, pivot)).findLast((step) => step.call === 'chdir')
    ?.args.path;
  const places = typeof root === 'string' ? [`R=${root}`, 'C=$(dirname "$R")', 'export R C'] : [];
  return ['CONTAINER=by-hand', 'export CONTAINER NETNS=', ...places].map(escapeControls);
}

function escapeLines(sh: string): string {
  return sh.split('\n').map(escapeControls).join('\n');
}
