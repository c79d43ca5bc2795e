/** Reading the table of mounts: proc_pid_mountinfo(5). Pure. */

export interface Mount {
  id: number;
  parent: number;
  /** `major:minor` of the file system. */
  device: string;
  /** Which folder of the file system is visible. */
  root: string;
  /** Where it is mounted. */
  target: string;
  options: string;
  /** `shared:N`, `master:N`, `unbindable`. */
  propagation: string[];
  fstype: string;
  source: string;
  superOptions: string;
}

/**
 * @param text of /proc/PID/mountinfo
 * @returns the mounts in the file's order: a later one covers an earlier one on the same target
 */
export function parseMountinfo(text: string): Mount[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(parseLine);
}

/** The mount on which a path lies. @param path absolute and without links */
export function mountOf(mounts: readonly Mount[], path: string): Mount | undefined {
  const above = mounts.filter(({ target }) => `${path}/`.startsWith(target.replace(/\/*$/, '/')));
  const longest = Math.max(...above.map(({ target }) => target.length));
  return above.findLast(({ target }) => target.length === longest);
}

function parseLine(line: string): Mount {
  const fields = line.split(' ');
  const dash = fields.indexOf('-', 6);
  const field = (i: number) => unescapeOctal(fields[i] ?? '');
  return {
    id: Number(fields[0]),
    parent: Number(fields[1]),
    device: field(2),
    root: field(3),
    target: field(4),
    options: field(5),
    propagation: fields.slice(6, dash),
    fstype: field(dash + 1),
    source: field(dash + 2),
    superOptions: field(dash + 3),
  };
}

/** The kernel writes space, tab, newline and backslash as three octal digits (`\040`), byte by byte. */
function unescapeOctal(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
