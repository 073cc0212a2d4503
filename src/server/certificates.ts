import { loadPair, type CertificateFiles, type KeyPair } from '../config/certificate.ts';

export interface CertificateWatch {
  readonly notAfterMs: () => number;
  /** One look at the files; the timer does the same. */
  readonly poll: () => Promise<void>;
  readonly stop: () => void;
}

/**
 * Looks at the files' content every `intervalMs`: a kubelet swaps a symlink above them, which file events miss.
 * A pair that does not fit together is reported once and changes nothing: the old one keeps serving.
 */
export function watchCertificates(
  files: CertificateFiles,
  first: KeyPair,
  {
    intervalMs,
    use,
    refused,
  }: { readonly intervalMs: number; readonly use: (pair: KeyPair) => void; readonly refused: (fault: string) => void },
): CertificateWatch {
  let current = first;
  let lastRefused = '';
  const poll = async (): Promise<void> => {
    const loaded = await loadPair(files);
    if (!loaded.ok) {
      if (loaded.digest !== lastRefused) refused(loaded.fault);
      lastRefused = loaded.digest;
      return;
    }
    lastRefused = '';
    if (loaded.pair.digest === current.digest) return;
    current = loaded.pair;
    use(loaded.pair);
  };
  const timer = setInterval(() => void poll(), intervalMs);
  timer.unref();
  return { notAfterMs: () => current.notAfterMs, poll, stop: () => clearInterval(timer) };
}
