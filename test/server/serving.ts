import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { asInteger, asText, at, type Json, type JsonObject } from '../../src/core/json.ts';
import { eventually } from '../controlplane/eventually.ts';
import { startProcess, type RunningProcess } from '../controlplane/webhook-process.ts';
import { makePair, type PairOnDisk } from './pairs.ts';

/** A port that nobody listens on. */
export const nobody = 'http://127.0.0.1:1';

/** A folder with everything that `serve` needs, and the arguments that name it. */
export interface Installation {
  readonly folder: string;
  readonly pair: PairOnDisk;
  /** By flag, to be changed by a test. */
  readonly flags: Readonly<Record<string, string>>;
}

export function install(t: Test, server: string): Installation {
  const folder = t.testdir({ 'kubeconfig.yaml': kubeconfig(server) });
  const pair = makePair(join(folder, 'certs'));
  const flags = {
    '--tls-cert-file': pair.certFile,
    '--tls-private-key-file': pair.keyFile,
    '--kubeconfig': join(folder, 'kubeconfig.yaml'),
    '--address': '127.0.0.1',
    '--port': '0',
  };
  return { folder, pair, flags };
}

export function kubeconfig(server: string, currentContext = 'here'): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': currentContext,
    contexts: [{ name: 'here', context: { cluster: 'fake', user: 'us' } }],
    clusters: [{ name: 'fake', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'us', user: { token: 'a-token' } }],
  });
}

/** Writes a file beside the certificates and gives its path. */
export function put({ folder }: Installation, name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** The real process, listening. It is killed when the test ends. */
export interface Serving {
  readonly process: RunningProcess;
  readonly port: number;
  readonly pair: PairOnDisk;
  /** Lines of the log with this message. */
  readonly logged: (message: string) => readonly JsonObject[];
}

export async function serving(
  t: Test,
  installation: Installation,
  more: Readonly<Record<string, string>> = {},
): Promise<Serving> {
  return listening(t, installation, await startProcess({ args: argumentsFor(installation, more) }));
}

/** As when the disk behind standard output is full. */
export async function servingToFullDisk(t: Test, installation: Installation): Promise<Serving> {
  const args = ['-c', 'exec "$0" "$@" >/dev/full', globalThis.process.execPath, ...argumentsFor(installation, {})];
  return listening(t, installation, await startProcess({ command: 'sh', args }));
}

function argumentsFor({ flags }: Installation, more: Readonly<Record<string, string>>): readonly string[] {
  return ['src/main.ts', 'serve', ...Object.entries({ ...flags, ...more }).flat()];
}

async function listening(t: Test, { pair }: Installation, process: RunningProcess): Promise<Serving> {
  t.teardown(() => process.stop('SIGKILL'));
  const logged = (message: string) => logIn(process.errorLines()).filter(({ msg }) => msg === message);
  const port = await eventually(
    () => {
      if (process.exitCode() !== undefined) throw new Error(process.errorLines().join('\n'));
      return asInteger(at(logged('listening')[0], 'address', 'port'));
    },
    { what: 'the line "listening"', intervalMs: 20 },
  );
  return { process, port, pair, logged };
}

function logIn(lines: readonly string[]): readonly JsonObject[] {
  return lines.map((line) => JSON.parse(line) as JsonObject).filter((line: Json) => asText(at(line, 'msg')) !== undefined);
}
