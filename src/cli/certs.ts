import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { loadPair } from '../config/certificate.ts';
import type { Console } from './console.ts';
import { errorCode, UsageFault } from './fault.ts';

interface MakeFlags {
  readonly out?: string;
  readonly newCa: boolean;
  readonly leafOnly: boolean;
}

interface CheckFlags {
  readonly tlsCertFile: string;
  readonly tlsPrivateKeyFile: string;
  readonly caFile?: string;
  readonly host: string;
}

const defaultHost = 'rollback-bouncer-webhook.rollback-bouncer.svc';

/** `rollback-bouncer certs`: development certificates, and whether a pair would do for the API server. */
export function certsCommand(console: Console): Command {
  const make = new Command('make')
    .description('Make a development CA and a leaf under it, with openssl. Only from a checkout, never for production.')
    .option('--out <folder>', 'where to put them (default: certs/out)')
    .option('--new-ca', 'replace a CA that is still valid', false)
    .option('--leaf-only', 'renew the leaf under the CA that is there', false)
    .action((flags: MakeFlags) => {
      console.exitCode = makeCertificates(flags, console);
    });
  const check = new Command('check')
    .description('Check that certificate and key fit together, are valid now and name the Service.')
    .requiredOption('--tls-cert-file <file>', 'certificate, PEM')
    .requiredOption('--tls-private-key-file <file>', 'its key, PEM')
    .option('--ca-file <file>', 'the CA of the webhook configurations, PEM')
    .option('--host <name>', 'the name that the API server asks for', defaultHost)
    .action(async (flags: CheckFlags) => {
      console.exitCode = await checkCertificates(flags, console);
    });
  return new Command('certs').description('Make or check certificates.').addCommand(make).addCommand(check);
}

function makeCertificates({ out, newCa, leafOnly }: MakeFlags, console: Console): number {
  const script = join(import.meta.dirname, '../../certs/make-dev-certs.sh');
  if (!existsSync(script))
    throw new UsageFault('certs make: the script is part of a checkout only; in a cluster use cert-manager');
  const args = [
    ...(out === undefined ? [] : ['--out', out]),
    ...(newCa ? ['--new-ca'] : []),
    ...(leafOnly ? ['--leaf-only'] : []),
  ];
  const { status, stdout, stderr, error } = spawnSync('bash', [script, ...args], { encoding: 'utf8' });
  if (error !== undefined || status !== 0) throw new UsageFault(`certs make: ${(stderr || String(error)).trim()}`);
  console.out(stdout);
  return 0;
}

async function checkCertificates(flags: CheckFlags, console: Console): Promise<number> {
  const loaded = await loadPair({ certFile: flags.tlsCertFile, keyFile: flags.tlsPrivateKeyFile });
  if (!loaded.ok) throw new UsageFault(`certs check: ${loaded.fault}`);
  const leaf = new X509Certificate(loaded.pair.cert);
  const faults = [
    ...(loaded.pair.notAfterMs <= Date.now() ? [`expired at ${leaf.validTo}`] : []),
    ...(Date.parse(leaf.validFrom) > Date.now() ? [`not valid before ${leaf.validFrom}`] : []),
    ...(leaf.checkHost(flags.host) === undefined
      ? [`does not name ${flags.host}; it names ${leaf.subjectAltName ?? 'nothing'}`]
      : []),
    ...(flags.caFile !== undefined && !isSignedBy(leaf, flags.caFile) ? [`is not signed by ${flags.caFile}`] : []),
  ];
  console.out(
    faults.length === 0
      ? `ok: ${flags.host}, valid until ${leaf.validTo}\n`
      : faults.map((fault) => `${flags.tlsCertFile}: ${fault}\n`).join(''),
  );
  return faults.length === 0 ? 0 : 1;
}

function isSignedBy(leaf: X509Certificate, caFile: string): boolean {
  let pem: string;
  try {
    pem = readFileSync(caFile, 'utf8');
  } catch (error) {
    throw new UsageFault(`certs check: ${caFile}: cannot be read (${errorCode(error)})`);
  }
  try {
    const authority = new X509Certificate(pem);
    return leaf.checkIssued(authority) && leaf.verify(authority.publicKey);
  } catch {
    throw new UsageFault(`certs check: ${caFile}: not a certificate`);
  }
}
