import type { Api } from './api.ts';
import { eventually } from './eventually.ts';

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

/** Add kwok nodes in three zones and wait until they are ready. Resolves to the names of the new ones. */
export async function addNodes(api: Api, count: number): Promise<string[]> {
  const existing = (await listNodes(api)).items.length;
  const names = Array.from({ length: count }, (_, index) => `node-${existing + index + 1}`);
  await Promise.all(
    names.map((name, index) => api('/api/v1/nodes', { method: 'POST', body: node(name, `zone-${'abc'.charAt(index % 3)}`) })),
  );
  await eventually(async () => ready(await listNodes(api), names), { what: `${count} ready nodes`, intervalMs: 50 });
  return names;
}

async function listNodes(api: Api): Promise<NodeList> {
  return (await api('/api/v1/nodes')).body as NodeList;
}

function node(name: string, zone: string): object {
  const labels = {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': 'amd64',
    'topology.kubernetes.io/zone': zone,
  };
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } };
}

function ready({ items }: NodeList, names: readonly string[]): boolean {
  const isReady = (name: string) =>
    items
      .find(({ metadata }) => metadata.name === name)
      ?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
  return names.every(isReady);
}
