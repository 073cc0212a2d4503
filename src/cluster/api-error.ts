/** An answer other than 2xx (`statusCode` set), or none at all; `reason` is short and stable: for messages and metrics. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly reason: string;
  readonly statusCode: number | undefined;
  constructor(reason: string, statusCode?: number, cause?: unknown) {
    super(statusCode === undefined ? reason : `HTTP ${statusCode} ${reason}`, { cause });
    this.reason = reason;
    this.statusCode = statusCode;
  }
}

/** Anything that a request throws, as an ApiError: `ECONNREFUSED`, `aborted`, `refused` with its status. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (!(error instanceof Error)) return new ApiError('failed', undefined, error);
  if ('statusCode' in error && typeof error.statusCode === 'number') return new ApiError('refused', error.statusCode, error);
  if (error.name === 'AbortError') return new ApiError('aborted', undefined, error);
  if (error.name === 'TimeoutError') return new ApiError('timeout', undefined, error);
  return new ApiError(codeOf(error) ?? codeOf(error.cause) ?? 'failed', undefined, error);
}

/** The code of a system error such as `ECONNRESET`; fetch wraps it into a TypeError as its cause. */
function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
