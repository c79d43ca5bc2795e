/** Values as Go prints them (`fmt`'s %v), and `printf`. https://pkg.go.dev/fmt */

const structs = new WeakSet<object>();

/** Says that it is a struct to Go, not a map: it is printed as its values alone. */
export function asStruct<T extends object>(value: T): T {
  structs.add(value);
  return value;
}

/** Strings as they are, lists as `[a b]`, objects as `map[k:v]` with sorted keys. */
export function print(value: unknown): string {
  if (value === undefined) return '<no value>';
  return printInner(value);
}

function printInner(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(printInner).join(' ')}]`;
  if (typeof value === 'object') {
    if (structs.has(value)) return `{${Object.values(value).map(printInner).join(' ')}}`;
    const pairs = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${pairs.map(([key, item]) => `${key}:${printInner(item)}`).join(' ')}]`;
  }
  if (typeof value === 'number' && Math.abs(value) >= 1e21) return value.toExponential();
  return String(value);
}

/** The verbs v s d t q x X f g e c %, with flags, width and precision. */
export function printf(format: string, args: readonly unknown[]): string {
  const rest = [...args];
  let isMissing = false;
  const text = format.replace(
    /%([-+# 0]*)(\d*)(?:\.(\d+))?([a-zA-Z%])/g,
    (_match, flags: string, width: string, precision: string | undefined, verb: string) => {
      if (verb === '%') return '%';
      isMissing = rest.length === 0;
      if (isMissing) return `%!${verb}(MISSING)`;
      const body = formatOne(verb, rest.shift(), precision, flags);
      return pad(body, Number(width || 0), flags);
    },
  );
  return rest.length > 0 ? `${text}%!(EXTRA ${rest.map(print).join(', ')})` : text;
}

function formatOne(
  verb: string,
  value: unknown,
  precision: string | undefined,
  flags: string,
): string {
  const sign = flags.includes('+') && Number(value) >= 0 ? '+' : '';
  switch (verb) {
    case 'v':
    case 's':
      return precision === undefined ? print(value) : print(value).slice(0, Number(precision));
    case 't':
      return print(value);
    case 'd':
      return typeof value === 'number' ? sign + print(value) : `%!d(${print(value)})`;
    case 'q':
      return JSON.stringify(print(value));
    case 'x':
    case 'X':
      return hex(value, verb);
    case 'f':
      return sign + Number(value).toFixed(Number(precision ?? 6));
    case 'e':
      return Number(value).toExponential(Number(precision ?? 6));
    case 'g':
      return precision === undefined
        ? print(value)
        : String(Number(Number(value).toPrecision(Number(precision))));
    case 'c':
      return String.fromCodePoint(Number(value));
    default:
      return `%!${verb}(${print(value)})`;
  }
}

function hex(value: unknown, verb: string): string {
  const text =
    typeof value === 'number' ? value.toString(16) : Buffer.from(print(value)).toString('hex');
  return verb === 'X' ? text.toUpperCase() : text;
}

function pad(text: string, width: number, flags: string): string {
  if (flags.includes('-')) return text.padEnd(width);
  return flags.includes('0') && /^[-+]?\d/.test(text)
    ? text.padStart(width, '0')
    : text.padStart(width);
}
