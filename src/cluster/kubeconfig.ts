import { KubeConfig } from '@kubernetes/client-node';

export type LoadedKubeConfig =
  { readonly ok: true; readonly kubeConfig: KubeConfig } | { readonly ok: false; readonly fault: string };

/** How to reach the API server: a kubeconfig file, or the pod's service account. The fault is one line naming the file and the field. */
export function loadKubeConfig(file: string | undefined): LoadedKubeConfig {
  const kubeConfig = new KubeConfig();
  const source = file ?? 'the pod’s service account';
  try {
    if (file === undefined) kubeConfig.loadFromCluster();
    else kubeConfig.loadFromFile(file);
  } catch (error) {
    return { ok: false, fault: `${source}: cannot be read as a kubeconfig (${reasonOf(error)})` };
  }
  const context = kubeConfig.getCurrentContext();
  if (kubeConfig.getContextObject(context) === null)
    return { ok: false, fault: `${source}: current-context "${context}" is not among contexts` };
  const cluster = kubeConfig.getCurrentCluster();
  if (cluster === null) return { ok: false, fault: `${source}: the cluster of context "${context}" is not among clusters` };
  if (!URL.canParse(cluster.server))
    return { ok: false, fault: `${source}: clusters "${cluster.name}": server "${cluster.server}" is no URL` };
  // The client refuses to watch over plain HTTP unless it may be careless.
  if (!cluster.server.startsWith('https:') && !cluster.skipTLSVerify)
    return { ok: false, fault: `${source}: clusters "${cluster.name}": server must be an https URL` };
  if (kubeConfig.getCurrentUser() === null)
    return { ok: false, fault: `${source}: the user of context "${context}" is not among users` };
  return { ok: true, kubeConfig };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? String(error.code) : (error.message.split('\n', 1)[0] ?? '');
}
