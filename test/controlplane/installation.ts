import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePorts } from './assets.ts';
import { eventually } from './eventually.ts';
import type { Plane } from './plane.ts';
import { startProcess, type RunningProcess } from './webhook-process.ts';

const root = join(import.meta.dirname, '..', '..');
const namespace = 'rollback-bouncer';
const service = 'rollback-bouncer-webhook';

export interface InstallationOptions {
  /** Default: 1. */
  readonly replicas?: number;
  /** Below manifests/overlays. Default: local-plane. */
  readonly overlay?: string;
  /** Configuration file for the replicas. Default: that of the manifests. */
  readonly config?: string;
  readonly drainSeconds?: number;
}

/** The webhook on a plane: the manifests in the API server, the replicas as local processes. */
export interface Installation {
  readonly replicas: readonly RunningProcess[];
  /** Folder of the development CA and of the pair that the replicas serve. */
  readonly certificates: string;
  /** Audit records of all replicas about an object, oldest first. */
  audit(name: string, phase?: 'mutate' | 'validate'): Record<string, unknown>[];
  /** Starts another replica and puts it behind the Service. */
  addReplica(): Promise<RunningProcess>;
  stop(): Promise<void>;
}

/**
 * Installs by the manifests, as a user would, and resolves when a write is really judged.
 * @throws when a replica does not become ready or the API server does not call it.
 */
export async function installWebhook(plane: Plane, options: InstallationOptions = {}): Promise<Installation> {
  // Everything in a folder of its own: installations may run side by side.
  const folder = mkdtempSync(join(tmpdir(), 'rollback-bouncer-installation-'));
  const certificates = join(folder, 'certs');
  cpSync(join(root, 'manifests'), join(folder, 'manifests'), { recursive: true });
  const tls = join(folder, 'manifests/components/dev-certs/tls');
  await promisify(execFile)('bash', [join(root, 'certs/make-dev-certs.sh'), '--out', certificates, '--copy-to', tls]);
  const overlay = join(folder, 'manifests/overlays', options.overlay ?? 'local-plane');
  await eventually(() => plane.kubectl(['apply', '--server-side', '-k', overlay]).then(() => true), {
    what: 'the manifests to be applied',
    timeoutMs: 30_000,
  });
  const replicas: { readonly name: string; readonly port: number; readonly process: RunningProcess }[] = [];
  const addReplica = async (): Promise<RunningProcess> => {
    const replica = await startReplica(plane, certificates, `replica-${replicas.length}`, options);
    replicas.push(replica);
    await plane.endpoints.write(
      namespace,
      service,
      replicas.map(({ name, port }) => ({ name, port })),
    );
    return replica.process;
  };
  for (let count = 0; count < (options.replicas ?? 1); count += 1) await addReplica();
  const installation: Installation = {
    get replicas() {
      return replicas.map(({ process }) => process);
    },
    certificates,
    audit: (name, phase) =>
      replicas
        .flatMap(({ process }) => process.records())
        .filter((record) => record['name'] === name && (phase === undefined || record['phase'] === phase)),
    addReplica,
    stop: async () => {
      await Promise.all(replicas.map(({ process }) => process.stop('SIGKILL')));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await untilJudged(plane, installation);
  return installation;
}

async function startReplica(
  plane: Plane,
  certificates: string,
  name: string,
  { config = join(root, 'manifests/base/config.yaml'), drainSeconds = 0 }: InstallationOptions,
): Promise<{ readonly name: string; readonly port: number; readonly process: RunningProcess }> {
  const [port = 0] = await freePorts(1);
  const files = ['--tls-cert-file', join(certificates, 'tls.crt'), '--tls-private-key-file', join(certificates, 'tls.key')];
  const reach = ['--kubeconfig', plane.kubeconfig('webhook'), '--address', '127.0.0.1', '--port', String(port)];
  const rest = ['--drain-seconds', String(drainSeconds), '--config', config];
  const process = await startProcess({
    args: ['src/main.ts', 'serve', ...files, ...reach, ...rest],
    readyUrl: `https://127.0.0.1:${port}/readyz`,
  });
  return { name, port, process };
}

/** The API server takes up new webhook configurations a moment after they are stored. */
async function untilJudged(plane: Plane, installation: Installation): Promise<void> {
  const name = 'is-the-door-manned';
  const container = { name: 'app', image: 'registry.example/app:1' };
  const template = { metadata: { labels: { app: name } }, spec: { containers: [container] } };
  const spec = { replicas: 0, selector: { matchLabels: { app: name } }, template };
  const probe = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'default' }, spec };
  await eventually(
    async () => {
      await plane.kubectl(['create', '--dry-run=server', '-f', '-'], { input: JSON.stringify(probe), expectFailure: 'either' });
      const phases = installation.audit(name).map((record) => record['phase']);
      return phases.includes('mutate') && phases.includes('validate');
    },
    { what: 'the API server to call the webhook', timeoutMs: 30_000 },
  );
}
