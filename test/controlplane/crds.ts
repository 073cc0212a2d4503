import { type CrdSet, crdFile } from './assets.ts';
import { eventually } from './eventually.ts';
import type { KubeObject, Tools } from './kubectl.ts';

interface Condition {
  readonly type: string;
  readonly status: string;
}

/** Install sets of custom resource definitions and wait until the API server serves all of them. */
export async function installCrds(tools: Tools, sets: readonly CrdSet[]): Promise<void> {
  if (sets.length === 0) return;
  const files = sets.map((set) => `--filename=${crdFile(set)}`);
  await tools.kubectl(['apply', '--server-side', ...files]);
  await eventually(() => allEstablished(tools), { what: `the CRDs of ${sets.join(', ')} established`, intervalMs: 250 });
}

async function allEstablished(tools: Tools): Promise<boolean> {
  const crds = await tools.list<KubeObject & { status?: { conditions?: readonly Condition[] } }>('customresourcedefinitions');
  return crds.every(({ status }) =>
    status?.conditions?.some(({ type, status: value }) => type === 'Established' && value === 'True'),
  );
}
