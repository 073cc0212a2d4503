import type { JudgedFinding } from './finding.ts';

/** kubectl prints a denial in one go; the API server adds its own prefix. */
export const denialCharacters = 1024;
/** Each is one finding, so that none lacks room for a message with its way out. */
export const causeCharacters = 1024;
/** https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#response: longer ones may be cut. */
export const warningCharacters = 120;
/** Half of a line to copy is no use, so it may be longer. */
export const pasteCharacters = 256;

/**
 * One line a finding, all findings in one answer. When space is short, what to type next goes first, from the last line upwards;
 * a line that does not fit then is counted, never dropped silently. Only the first one is cut.
 */
export function denialMessage(findings: readonly JudgedFinding[]): string {
  const lines = fitting(findings.map(lineOf));
  const more = findings.length - lines.length;
  const counted = more === 0 ? [] : [moreLine(more)];
  let left = denialCharacters - [...lines, ...counted].join('\n').length;
  for (const [index, line] of lines.entries()) {
    const next = nextOf(findings[index]);
    if (next.length > left) break;
    lines[index] = line + next;
    left -= next.length;
  }
  return [...lines, ...counted].join('\n');
}

/** As many lines from the first on as fit together with the count of the others. */
function fitting(lines: readonly string[]): string[] {
  const told: string[] = [];
  let left = denialCharacters;
  for (const [index, line] of lines.entries()) {
    const rest = lines.length - index - 1;
    const room = rest > 0 ? left - moreLine(rest).length - 1 : left;
    if (index > 0 && line.length > room) break;
    told.push(cut(line, room));
    left -= line.length + 1;
  }
  return told;
}

/** A finding without its policy, as a cause of a denial: what to type next is there whole or not at all. */
export function causeLine(finding: JudgedFinding): string {
  const message = plain(finding.message);
  const next = nextOf(finding);
  return message.length + next.length > causeCharacters ? cut(message, causeCharacters) : message + next;
}

/** A warning, and after it the line to copy where there is one. */
export function warningLines(finding: JudgedFinding): readonly string[] {
  const line = cut(lineOf(finding), warningCharacters);
  return finding.paste === undefined ? [line] : [line, cut(plain(`[${finding.policy}] write ${finding.paste}`), pasteCharacters)];
}

/**
 * User-chosen text on one line: control characters, line and paragraph separators and text-direction overrides become spaces.
 * A name may otherwise write into a terminal or forge a line of a log.
 */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, ' ');
}

/** At most so many UTF-16 units, never half of a surrogate pair; what was cut is shown by an ellipsis. */
export function cut(text: string, characters: number): string {
  if (text.length <= characters) return text;
  if (characters <= 0) return '';
  const end = characters - 1;
  const unit = text.charCodeAt(end - 1);
  return `${text.slice(0, unit >= 0xd800 && unit <= 0xdbff ? end - 1 : end)}…`;
}

function lineOf(finding: JudgedFinding): string {
  return plain(`[${finding.policy}] ${finding.message}`);
}

/** Half of a command would do something else than the whole. */
function nextOf(finding: JudgedFinding | undefined): string {
  return finding?.next === undefined ? '' : plain(`. ${finding.next}`);
}

function moreLine(count: number): string {
  return `(and ${count} more: see the audit log)`;
}
