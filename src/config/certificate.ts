import { createHash, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** A pair that belongs together, with what tells it from another. */
export interface KeyPair {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly digest: string;
  readonly notAfterMs: number;
}

export type LoadedPair =
  { readonly ok: true; readonly pair: KeyPair } | { readonly ok: false; readonly fault: string; readonly digest: string };

/** Reads certificate and key and checks that they fit together. Never rejects; the fault names the file. */
export async function loadPair({ certFile, keyFile }: CertificateFiles): Promise<LoadedPair> {
  const [cert, key] = await Promise.all([readPem(certFile), readPem(keyFile)]);
  if (typeof cert === 'string') return { ok: false, fault: cert, digest: cert };
  if (typeof key === 'string') return { ok: false, fault: key, digest: key };
  const digest = createHash('sha256').update(cert).update('\0').update(key).digest('hex');
  try {
    createSecureContext({ cert, key });
    const notAfterMs = Date.parse(new X509Certificate(cert).validTo);
    return { ok: true, pair: { cert, key, digest, notAfterMs } };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, fault: `${certFile}, ${keyFile}: not a certificate with its key (${why})`, digest };
  }
}

async function readPem(file: string): Promise<Buffer | string> {
  try {
    return await readFile(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    return `${file}: cannot be read (${code})`;
  }
}
