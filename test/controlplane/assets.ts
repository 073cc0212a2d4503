import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** The binaries that `build.sh` provides. */
export type Binary =
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kubectl'
  | 'kwok'
  | 'bombardier'
  | 'helm3'
  | 'helm4';

/** Folders of custom resource definitions that `build.sh` provides. */
export type CrdSet = 'istio' | 'gateway-api' | 'cert-manager';

let folder: string | undefined;

/** The folder that `build.sh` builds into; nothing is built here. */
export function assetsFolder(): string {
  folder ??= execFileSync(join(import.meta.dirname, 'build.sh'), ['--print'], { encoding: 'utf8' }).trim();
  return folder;
}

/**
 * Path of a binary.
 * @throws when it has not been built, with the command that builds it.
 */
export function binary(name: Binary): string {
  return present(join(assetsFolder(), 'bin', name));
}

/** Path of a file of custom resource definitions. */
export function crdFile(name: CrdSet): string {
  return present(join(assetsFolder(), 'crds', `${name}.yaml`));
}

function present(path: string): string {
  if (!existsSync(path)) throw new Error(`${path} is missing: run test/controlplane/build.sh once`);
  return path;
}

/** Ports on loopback that were free a moment ago: the caller must cope with another process being faster. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen()));
  const ports = servers.map((server) => server.port);
  await Promise.all(servers.map((server) => server.close()));
  return ports;
}

function listen(): Promise<{ port: number; close: () => Promise<void> }> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const close = () => new Promise<void>((done) => void server.close(() => done()));
      resolve({ port: typeof address === 'object' && address ? address.port : 0, close });
    });
  });
}
