import type { Api } from './api.ts';
import type { KnownUser } from './users.ts';

/** Which ClusterRole a user has in a namespace: `{ developer: 'edit' }`. */
export type Grants = Readonly<Record<string, string>>;

/** What the standard users may do in a namespace unless the caller says otherwise. */
export const standardGrants: Grants = { developer: 'edit', oncall: 'edit', viewer: 'view', deployer: 'edit', gitops: 'admin' };

/** A namespace with labels and RoleBindings. */
export interface NamespaceOptions {
  readonly labels?: Readonly<Record<string, string>>;
  readonly grants?: Grants;
}

/** Create a namespace (it may exist) and bind the users in it. */
export async function createNamespace(
  api: Api,
  users: ReadonlyMap<string, KnownUser>,
  name: string,
  { labels = {}, grants = standardGrants }: NamespaceOptions = {},
): Promise<void> {
  await createUnlessThere(api, '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  await Promise.all(Object.entries(grants).map(([user, role]) => bindRole(api, users, user, role, name)));
}

/** Bind a user to a ClusterRole, in a namespace or in the whole cluster. */
export async function bindRole(
  api: Api,
  users: ReadonlyMap<string, KnownUser>,
  user: string,
  clusterRole: string,
  namespace?: string,
): Promise<void> {
  const known = users.get(user);
  if (!known) throw new Error(`unknown user ${user}: this plane has ${[...users.keys()].join(', ')}`);
  const group = 'rbac.authorization.k8s.io';
  const kind = namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding';
  const scope = namespace === undefined ? '' : `/namespaces/${namespace}`;
  await createUnlessThere(api, `/apis/${group}/v1${scope}/${kind.toLowerCase()}s`, {
    apiVersion: `${group}/v1`,
    kind,
    metadata: { name: `${user}-${clusterRole}` },
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: clusterRole },
    subjects: [{ apiGroup: group, kind: 'User', name: known.name }],
  });
}

async function createUnlessThere(api: Api, path: string, body: object): Promise<void> {
  const { status, text } = await api(path, { method: 'POST', body, expectFailure: 'either' });
  if (status >= 400 && status !== 409) throw new Error(`POST ${path}: status ${status}: ${text}`);
}
