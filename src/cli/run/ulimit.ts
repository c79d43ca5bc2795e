/** `--ulimit nofile=1024:2048` (getrlimit(2)), docker's form. */

export interface Ulimit {
  Name: string;
  Hard: number;
  Soft: number;
}

const names = new Set(
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(
    ' ',
  ),
);

/** @throws Error with docker's words */
export function parseUlimit(text: string): Ulimit {
  const [name = '', limits, ...more] = text.split('=');
  if (limits === undefined || more.length > 0) throw new Error(`invalid ulimit argument: ${text}`);
  if (!names.has(name)) throw new Error(`invalid ulimit type: ${name}`);
  const [softText = '', hardText, ...extra] = limits.split(':');
  if (extra.length > 0)
    throw new Error(
      `too many limit value arguments - ${limits}, can only have up to two, \`soft[:hard]\``,
    );
  const soft = limitOf(softText);
  const hard = hardText === undefined ? soft : limitOf(hardText);
  if (hard !== -1 && (soft === -1 || soft > hard))
    throw new Error(
      `ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`,
    );
  return { Name: name, Hard: hard, Soft: soft };
}

function limitOf(text: string): number {
  if (!/^-?\d+$/.test(text))
    throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}
