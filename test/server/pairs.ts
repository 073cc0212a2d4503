import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate for localhost and 127.0.0.1 with its key and its CA: the files, and what tells it from another. */
export interface PairOnDisk {
  readonly certFile: string;
  readonly keyFile: string;
  readonly ca: string;
  readonly serial: string;
}

/** Makes a pair in a folder with the script that users have; a folder that has a CA already keeps it and gets a new leaf. */
export function makePair(folder: string): PairOnDisk {
  execFileSync(join(import.meta.dirname, '../../certs/make-dev-certs.sh'), ['--out', folder], { stdio: 'pipe' });
  const [certFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  const serial = new X509Certificate(readFileSync(certFile)).serialNumber;
  return { certFile, keyFile, ca: readFileSync(join(folder, 'ca.crt'), 'utf8'), serial };
}
