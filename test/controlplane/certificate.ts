import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A server certificate and the authority that signed it, as PEM. */
export interface Certificate {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** The authority in base64, as `clientConfig.caBundle` wants it. */
  readonly caBundle: string;
}

/** The names by which the API server calls a Service. */
export function serviceNames(namespace: string, service: string): string[] {
  return [`${service}.${namespace}.svc`, `${service}.${namespace}.svc.cluster.local`];
}

/**
 * Make an authority and a certificate for DNS names, by openssl.
 * @throws when openssl is missing.
 */
export async function makeCertificate(names: readonly string[], days = 2): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), 'certificate-'));
  const openssl = (...args: string[]) => run('openssl', args, { cwd: folder });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  try {
    const subjectAltName = names.map((name) => `DNS:${name}`).join(',');
    await writeFile(join(folder, 'extensions'), `subjectAltName=${subjectAltName}\nextendedKeyUsage=serverAuth\n`);
    await openssl(
      'req',
      '-x509',
      ...newKey,
      '-keyout',
      'ca.key',
      '-out',
      'ca.crt',
      '-days',
      String(days),
      '-subj',
      '/CN=test-ca',
    );
    await openssl('req', ...newKey, '-keyout', 'tls.key', '-out', 'tls.csr', '-subj', '/CN=test');
    const signer = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', String(days)];
    await openssl('x509', '-req', '-in', 'tls.csr', ...signer, '-extfile', 'extensions', '-out', 'tls.crt');
    const [ca = '', cert = '', key = ''] = await Promise.all(
      ['ca.crt', 'tls.crt', 'tls.key'].map((file) => readFile(join(folder, file), 'utf8')),
    );
    return { ca, cert, key, caBundle: Buffer.from(ca).toString('base64') };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
