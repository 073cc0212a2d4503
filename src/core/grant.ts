import { formatTime, parseTime } from './time.ts';

/** What somebody grants in an annotation: until when, why, and what it is bound to. */
export interface Grant {
  /** Milliseconds since the epoch. */
  readonly until: number;
  readonly reason: string;
  readonly incident: string | undefined;
  readonly target: string | undefined;
}

export type GrantKey = 'until' | 'reason' | 'incident' | 'target';

export interface GrantRules {
  readonly now: number;
  readonly longestMs: number;
  /** Keys that mean something here; `until` and `reason` are required. */
  readonly keys: readonly GrantKey[];
}

export type ParsedGrant =
  | { readonly ok: true; readonly grant: Grant }
  /** `corrected` is the value to write instead. */
  | { readonly ok: false; readonly why: string; readonly corrected: string };

const longestText = 512;
const shortestReason = 10;
const hourMs = 3_600_000;

/**
 * Grammar: `until=2026-11-24T02:00:00Z; reason=additive column only`, each key at most once, in any order.
 * Strict on purpose: who misspells a grant must learn it, not find it ignored at the wrong moment.
 */
export function parseGrant(text: string, rules: GrantRules): ParsedGrant {
  const fields = fieldsOf(text, rules.keys);
  const fault = typeof fields === 'string' ? fields : faultIn(fields, rules);
  if (fault !== undefined) return { ok: false, why: fault, corrected: corrected(fields, rules) };
  const field = (key: GrantKey): string | undefined => (fields as Fields).get(key);
  const until = parseTime(field('until') ?? '') ?? 0;
  return { ok: true, grant: { until, reason: field('reason') ?? '', incident: field('incident'), target: field('target') } };
}

type Fields = ReadonlyMap<GrantKey, string>;

function fieldsOf(text: string, keys: readonly GrantKey[]): Fields | string {
  if (text.length > longestText) return `longer than ${longestText} characters`;
  if (/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u.test(text)) return 'has control characters';
  const fields = new Map<GrantKey, string>();
  for (const part of text.replace(/;\s*$/, '').split(';')) {
    const separator = part.indexOf('=');
    const name = part.slice(0, Math.max(separator, 0)).trim();
    const key = keys.find((candidate) => candidate === name);
    if (key === undefined) return `"${(separator < 0 ? part : name).trim().slice(0, 40)}" is none of ${keys.join(', ')}`;
    if (fields.has(key)) return `${key} is there twice`;
    fields.set(key, part.slice(separator + 1).trim());
  }
  return fields;
}

function faultIn(fields: Fields, { now, longestMs }: GrantRules): string | undefined {
  const until = parseTime(fields.get('until') ?? '');
  if (!fields.has('until')) return 'until is missing';
  if (until === undefined) return 'until is no RFC 3339 time with a zone';
  if (until <= now) return `expired at ${formatTime(until)}`;
  if (until > now + longestMs) return `until is more than ${longestMs / hourMs} h ahead`;
  if ((fields.get('reason') ?? '').length < shortestReason) return `reason needs ${shortestReason} characters`;
  const empty = [...fields].find(([, value]) => value === '');
  return empty === undefined ? undefined : `${empty[0]} is empty`;
}

/** The same grant as it should have been written, with what could be understood of it. */
function corrected(fields: Fields | string, { now, longestMs, keys }: GrantRules): string {
  const given = typeof fields === 'string' ? new Map<GrantKey, string>() : fields;
  const until = formatTime(now + Math.min(longestMs, 2 * hourMs));
  const reason = (given.get('reason') ?? '').length >= shortestReason ? given.get('reason') : 'WHY, in ten characters or more';
  const others = keys.flatMap((key) => {
    const value = key === 'until' || key === 'reason' ? '' : (given.get(key) ?? '');
    return value === '' ? [] : [`${key}=${value}`];
  });
  return [`until=${until}`, ...others, `reason=${reason}`].join('; ');
}
