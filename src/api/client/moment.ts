/** A moment as docker takes it: `--since`, `--until`, and the filter `until` of prune. */

const unitSeconds: Record<string, number> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6, // U+00B5
  μs: 1e-6, // U+03BC
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

/**
 * @param text an age (`1h30m`), Unix time (`1700000000.5`), or RFC 3339 with parts left out; local time
 *   unless it says its zone
 * @returns Unix seconds with a fraction, or undefined when it is none of these
 */
export function parseMoment(text: string, nowMs = Date.now()): string | undefined {
  if (/^\d+(\.\d{1,9})?$/.test(text)) return text;
  const age = parseDuration(text);
  if (age !== undefined) return (nowMs / 1000 - age).toFixed(9);
  return parseDate(text);
}

/** Go's time.ParseDuration, in seconds. Only a zero needs no unit. */
export function parseDuration(text: string): number | undefined {
  if (/^[+-]?0$/.test(text)) return 0;
  const parts = [...text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)];
  const length = parts.reduce((sum, part) => sum + part[0].length, 0);
  const [, sign = '', body = ''] = /^([+-]?)(.*)$/.exec(text) ?? [];
  if (parts.length === 0 || length !== body.length) return undefined;
  const seconds = parts.reduce(
    (sum, [, number, unit]) => sum + Number(number) * (unitSeconds[unit ?? ''] ?? 0),
    0,
  );
  return sign === '-' ? -seconds : seconds;
}

/** Seconds with a fraction, as `parseMoment` gives them, to whole nanoseconds. */
export function toNanoseconds(seconds: string): bigint {
  const [whole = '0', fraction = ''] = seconds.split('.');
  const nanoseconds = BigInt(fraction.slice(0, 9).padEnd(9, '0'));
  const sum = BigInt(whole) * 1_000_000_000n;
  return whole.startsWith('-') ? sum - nanoseconds : sum + nanoseconds;
}

function parseDate(text: string): string | undefined {
  const match =
    /^(\d{4}-\d{2}-\d{2})(?:T(\d{2})(?::(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?)?(Z|[+-]\d{2}:\d{2})?$/.exec(
      text,
    );
  if (!match) return undefined;
  const [, date, hours = '00', minutes = '00', seconds = '00', fraction = '', zone = ''] = match;
  const whole = Date.parse(`${date}T${hours}:${minutes}:${seconds}${zone}`) / 1000;
  return Number.isNaN(whole) || !isDay(date) || hours === '24'
    ? undefined
    : `${whole}.${fraction.padEnd(9, '0')}`;
}

/** Date.parse takes the 30th of February for the 2nd of March. */
function isDay(date = ''): boolean {
  return new Date(`${date}T00:00:00Z`).toISOString().startsWith(date);
}
