/* eslint-disable no-restricted-globals -- reads and writes times; the clock is asked nowhere here */
const rfc3339 = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** Milliseconds of an RFC 3339 time with a zone; undefined for anything else, also for a day that the calendar lacks. */
export function parseTime(text: string): number | undefined {
  const day = rfc3339.exec(text)?.[1];
  if (day === undefined) return undefined;
  const midnight = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== day) return undefined;
  return Date.parse(text);
}

/** RFC 3339 in UTC, whole seconds. */
export function formatTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Seconds of a duration such as `300s`, `5m` or `1h`; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,6})([smh])$/.exec(text);
  return match === null ? undefined : Number(match[1]) * (unitSeconds[match[2] ?? ''] ?? Number.NaN);
}
