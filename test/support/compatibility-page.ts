/** docs/COMPATIBILITY.md: a row for each command and group of options, and why what differs differs. */
import type { Case, Difference } from './compatibility.ts';

export interface Versions {
  readonly docker: string;
  readonly dockerd: string;
}

const HEAD = `# Compatibility

Written by \`test/e2e/compatibility.test.ts\` (\`UPDATE=1\` renews it), which runs each case of \`test/e2e/compatibility/\`
through docker's own command and through petri, against Petri and against dockerd, and compares standard output, standard
error and exit code word for word. Only what cannot be the same is left out: ids, times, sizes of what grows, the
command's own name, and by whose hands dockerd says that a container could not be started.

Not compared here: what needs a registry, \`--privileged\`
(which the reference needs more of its host for), and what happens on a terminal
(\`test/e2e/terminal.test.ts\`).`;

/** @param cases those that hold; a failing one fails the test before there is a page */
export function compatibilityPage(cases: readonly Case[], { docker, dockerd }: Versions): string {
  const rows = [...new Set(cases.map(({ row }) => row))];
  const notes: string[] = [];
  const note = ({ reason }: Difference) => {
    if (!notes.includes(reason)) notes.push(reason);
    return notes.indexOf(reason) + 1;
  };
  const cell = (differences: readonly (Difference | undefined)[]) => {
    const numbers = new Set(differences.filter((each) => each !== undefined).map(note));
    const list = [...numbers].sort((a, b) => a - b).join(', ');
    return list ? `same, but ${list}` : 'same';
  };
  const lines = rows.map((row) => {
    const own = cases.filter((each) => each.row === row);
    const engine = own.map(({ engineDiffers }) => engineDiffers);
    const client = own.map(({ clientDiffers }) => clientDiffers);
    return `| ${[`\`${row}\``, own.length, cell(engine), cell([...engine, ...client]), cell(client)].join(' | ')} |`;
  });
  return `${HEAD}

The reference is docker ${docker} on dockerd ${dockerd}.

| command: options | cases | docker → Petri | petri → Petri | petri → dockerd |
|---|--:|---|---|---|
${lines.join('\n')}

## What differs, and why

${notes.map((reason, i) => `${i + 1}. ${reason}`).join('\n')}
`;
}
