import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { Api } from './api.ts';
import type { OptionalComponent } from './components.ts';
import { GaveUp, eventually } from './eventually.ts';
import type { Processes } from './processes.ts';

const patienceMs = 90_000;

/** Wait until the API server has made its certificate, which every client needs. */
export async function waitForCertificate(processes: Processes, file: string): Promise<void> {
  await waitFor(processes, 'the certificate of the API server', () => existsSync(file) && isCertificate(file));
}

/** Wait until `/readyz` says ok and a read that goes down to etcd succeeds. */
export async function waitForApiserver(processes: Processes, api: Api): Promise<void> {
  await waitFor(processes, 'a ready API server', async () => {
    await api('/readyz', { timeoutMs: 5000 });
    await api('/api/v1/namespaces/default', { timeoutMs: 5000 });
    return true;
  });
}

/** Wait until the controllers have done what tests rely on: aggregated ClusterRoles and the service account of a namespace. */
export async function waitForAddons(processes: Processes, api: Api, components: readonly OptionalComponent[]): Promise<void> {
  if (!components.includes('kube-controller-manager')) return;
  await waitFor(processes, 'the rules of ClusterRole edit', async () => {
    const { body } = await api('/apis/rbac.authorization.k8s.io/v1/clusterroles/edit');
    return ((body as { rules?: readonly unknown[] | null }).rules?.length ?? 0) > 0;
  });
  await waitFor(processes, 'the default service account', async () => {
    const { status } = await api('/api/v1/namespaces/default/serviceaccounts/default', { expectFailure: 'either' });
    return status === 200;
  });
}

function isCertificate(file: string): boolean {
  return new X509Certificate(readFileSync(file)).subject.length > 0;
}

/** Ask until it is so; a component that ended, or the deadline, is reported with the end of its log. */
async function waitFor(processes: Processes, what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  const checkUnlessDead = () => {
    const [dead] = processes.dead();
    if (dead) throw new GaveUp(`${dead} ended while waiting for ${what}; the last lines of its log:\n${processes.logTail(dead)}`);
    return check();
  };
  try {
    await eventually(checkUnlessDead, { what, timeoutMs: patienceMs, intervalMs: 30 });
  } catch (error) {
    if (error instanceof GaveUp) throw error;
    const log = processes.logTail('kube-apiserver');
    throw new Error(`${String(error)}; the last lines of the API server's log:\n${log}`, { cause: error });
  }
}
