/** A mistake in what the user gave us: one line on stderr, exit status 2. Not a bug, so it carries no stack to anybody. */
export class UsageFault extends Error {
  override readonly name = 'UsageFault';
}

/** The code of a system error such as ENOENT. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
