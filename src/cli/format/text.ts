/** Small forms that docker's tables share. */

/** The first 12 digits of an id, without `sha256:`. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}

/** At most `length` characters, the last an ellipsis when some are missing. */
export function ellipsis(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
}

/** `a=b,c=d`. */
export function formatLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');
}

/** Go's `time.Time.String()` of a time in RFC 3339, in its own zone: `2026-11-25 23:17:16.77 +0000 UTC`. */
export function formatTimestamp(text: string): string {
  const [, date = '', time = '', zone = ''] =
    /^([^T]+)T([\d:]+(?:\.\d+)?)(Z|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  if (date === '') return text;
  const offset = zone === 'Z' ? '+0000' : zone.replace(':', '');
  return `${date} ${time.replace(/\.?0+$/, (zeros) => (time.includes('.') ? '' : zeros))} ${offset} ${offset === '+0000' ? 'UTC' : offset}`;
}

/** Go's `time.Time.String()` in local time: `2026-11-21 06:02:46 +0000 UTC`. */
export function formatTime(unixSeconds: number): string {
  const date = new Date(unixSeconds * 1000);
  const two = (value: number): string => String(Math.trunc(value)).padStart(2, '0');
  const offset = -date.getTimezoneOffset();
  const sign = offset < 0 ? '-' : '+';
  const zone = `${sign}${two(Math.abs(offset) / 60)}${two(Math.abs(offset) % 60)}`;
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${zone} ${zoneName(date)}`
  );
}

function zoneName(date: Date): string {
  const parts = new Intl.DateTimeFormat('en', { timeZoneName: 'short' }).formatToParts(date);
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? 'UTC';
}
