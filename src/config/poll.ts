/** What a look at some files found: something usable, or a fault; the digest tells one content from another. */
export type Look<T> =
  | { readonly ok: true; readonly value: T; readonly digest: string }
  | { readonly ok: false; readonly fault: string; readonly digest: string };

export interface Poll {
  /** One look; the timer does the same. */
  readonly now: () => Promise<void>;
  readonly stop: () => void;
}

export interface PollOptions<T> {
  readonly intervalMs: number;
  /** Digest of what is in use at the start. */
  readonly digest: string;
  readonly use: (value: T) => void;
  readonly refused: (fault: string) => void;
}

/**
 * Looks at files' content every `intervalMs`: a kubelet swaps a symlink above them, which file events miss.
 * What cannot be used is reported once and changes nothing: the last good content stays in use.
 */
export function pollContent<T>(look: () => Promise<Look<T>>, { intervalMs, digest, use, refused }: PollOptions<T>): Poll {
  let current = digest;
  let lastRefused = '';
  const now = async (): Promise<void> => {
    const found = await look();
    if (!found.ok) {
      if (found.digest !== lastRefused) refused(found.fault);
      lastRefused = found.digest;
      return;
    }
    // Going back to what is in use after something that could not be used is news as well: the alarm has to end.
    const recovered = lastRefused !== '';
    lastRefused = '';
    if (found.digest === current && !recovered) return;
    current = found.digest;
    use(found.value);
  };
  const timer = setInterval(() => void now().catch((error: unknown) => refused(String(error))), intervalMs);
  timer.unref();
  return { now, stop: () => clearInterval(timer) };
}
