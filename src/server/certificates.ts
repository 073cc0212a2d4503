import { loadPair, type CertificateFiles, type KeyPair } from '../config/certificate.ts';
import { pollContent, type PollOptions } from '../config/poll.ts';

export interface CertificateWatch {
  readonly notAfterMs: () => number;
  /** One look at the files; the timer does the same. */
  readonly poll: () => Promise<void>;
  readonly stop: () => void;
}

/** Keeps an eye on certificate and key; a pair that does not fit together is reported once, and the old one keeps serving. */
export function watchCertificates(
  files: CertificateFiles,
  first: KeyPair,
  options: Omit<PollOptions<KeyPair>, 'digest'>,
): CertificateWatch {
  let current = first;
  const poll = pollContent(
    async () => {
      const loaded = await loadPair(files);
      return loaded.ok ? { ok: true, value: loaded.pair, digest: loaded.pair.digest } : loaded;
    },
    {
      ...options,
      digest: first.digest,
      use: (pair) => {
        current = pair;
        options.use(pair);
      },
    },
  );
  return { notAfterMs: () => current.notAfterMs, poll: poll.now, stop: poll.stop };
}
