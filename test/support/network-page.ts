/**
 * docs/network.md: what two networks and three containers are on a host, as its own tools print it, with a word on
 * every line. A line that nobody has explained is an error, so that what is new cannot go by in silence.
 */

export interface Capture {
  title: string;
  /** What leads to it, for the reader. */
  intro: string;
  /** As typed on the host; `in` says in which container it ran. */
  command: string;
  output: string;
  /** What each line means: the first pattern that fits it. */
  meanings: readonly (readonly [pattern: RegExp, meaning: string])[];
}

export const UNEXPLAINED = 'NOBODY HAS EXPLAINED THIS LINE';

/** The page, each line of output followed by its meaning. */
export function renderPage(head: string, captures: readonly Capture[]): string {
  const parts = captures.map(({ title, intro, command, output, meanings }) =>
    [
      `## ${title}`,
      '',
      intro,
      '',
      `    # ${command}`,
      ...plainLines(output).flatMap((line) => explained(line, meanings)),
    ].join('\n'),
  );
  return `${[head.trim(), ...parts].join('\n\n')}\n`;
}

/** Without what differs from run to run or from host to host. */
function plainLines(output: string): string[] {
  return output
    .replace(/(?<=\t)(?:set|map) \w+ \{\n[\s\S]*?\n\t\}/g, oneLine)
    .replace(/\b(?!02:42:|00:|ff:)([0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, 'drawn by lot     ')
    .replace(/\bfe80::[0-9a-f:]+:[0-9a-f:]+\/64/g, 'fe80::…/64')
    .split('\n')
    .map((line) => line.replaceAll('\t', '  ').replace(/ (linkdown|tentative)\b/g, ''))
    .map((line) =>
      line
        .replace(/@if\d+/, '')
        .replace(/^\d+: /, '')
        .trimEnd(),
    )
    .filter((line) => line !== '');
}

/** A set in one line, its elements in order: the kernel keeps them in another one each time. */
function oneLine(block: string): string {
  const inOrder = (list: string) => list.trim().split(/, /).sort().join(', ');
  return block
    .replace(/\s+/g, ' ')
    .replace(/elements = \{(.*?)\}/, (_, list: string) => `elements = { ${inOrder(list)} }`);
}

function explained(line: string, meanings: Capture['meanings']): string[] {
  if (/^\s*\}$/.test(line)) return [`    ${line}`];
  const [, meaning] = meanings.find(([pattern]) => pattern.test(line)) ?? [];
  const indent = ' '.repeat(6 + (/^ */.exec(line)?.[0].length ?? 0));
  const text = meaning ?? UNEXPLAINED;
  return text === '' ? [`    ${line}`] : [`    ${line}`, `${indent}# ${text}`];
}
