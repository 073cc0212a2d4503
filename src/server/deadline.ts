/** What the answer itself needs: encoding, the audit line, the way back. */
export const reserveMs = 300;
/** Longer than any cluster read may take; the API server's own limit for a validating entry is 5 s. */
export const longestMs = 4_000;

/**
 * Milliseconds that a review may take, from the `timeout` query of the API server (a Go duration such as `5s`).
 * An unreadable or missing value means our own limit.
 * https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/validating/dispatcher.go
 */
export function budgetMs(timeout: unknown): number {
  const match = typeof timeout === 'string' && timeout.length <= 16 ? /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(timeout) : null;
  const factor = match?.[2] === 'ms' ? 1 : match?.[2] === 'm' ? 60_000 : 1_000;
  const asked = match === null ? Infinity : Number(match[1]) * factor;
  return Math.max(Math.min(asked - reserveMs, longestMs), 0);
}
