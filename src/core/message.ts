import type { JudgedFinding } from './finding.ts';

/** kubectl prints a denial in one go; the API server adds its own prefix. */
export const denialCharacters = 1024;
/** https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#response: longer ones may be cut. */
export const warningCharacters = 120;

/** One line a finding, all findings in one answer; what does not fit is counted, never dropped silently. */
export function denialMessage(findings: readonly JudgedFinding[]): string {
  const lines: string[] = [];
  let left = denialCharacters;
  for (const [index, finding] of findings.entries()) {
    const rest = findings.length - index - 1;
    const reserve = rest > 0 ? moreLine(rest).length + 1 : 0;
    const line = cut(lineOf(finding), Math.max(left - reserve, 0));
    if (lines.length > 0 && line.length < lineOf(finding).length) return [...lines, moreLine(rest + 1)].join('\n');
    lines.push(line);
    left -= line.length + 1;
  }
  return lines.join('\n');
}

export function warningLine(finding: JudgedFinding): string {
  return cut(lineOf(finding), warningCharacters);
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

function moreLine(count: number): string {
  return `(and ${count} more: see the audit log)`;
}
