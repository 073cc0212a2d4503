import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A user as the API server sees it; `system:authenticated` comes by itself. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

const serviceAccount = (namespace: string, name: string): User => ({
  name: `system:serviceaccount:${namespace}:${name}`,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
});

/** The users of every plane. Rights come from RoleBindings (see `grants.ts`); only `admin` and `kwok` may do everything. */
export const standardUsers = {
  admin: { name: 'admin', groups: ['system:masters'] },
  developer: { name: 'developer', groups: ['developers'] },
  oncall: { name: 'oncall', groups: ['oncall'] },
  viewer: { name: 'viewer', groups: ['viewers'] },
  deployer: serviceAccount('ci', 'deployer'),
  gitops: serviceAccount('flux-system', 'kustomize-controller'),
  rollouts: serviceAccount('argo-rollouts', 'argo-rollouts'),
  flagger: serviceAccount('flagger-system', 'flagger'),
  webhook: serviceAccount('rollback-bouncer', 'rollback-bouncer'),
  kwok: { name: 'kwok', groups: ['system:masters'] },
  'kube-controller-manager': { name: 'system:kube-controller-manager', groups: [] },
  'kube-scheduler': { name: 'system:kube-scheduler', groups: [] },
} as const satisfies Readonly<Record<string, User>>;

/** A user of a plane with the token it signs in by. */
export interface KnownUser extends User {
  readonly token: string;
}

/** Give each user a token and write the file for `--token-auth-file`, which the API server reads when it starts. */
export function writeTokens(file: string, users: Readonly<Record<string, User>>): ReadonlyMap<string, KnownUser> {
  const known = new Map(Object.entries(users).map(([id, user]) => [id, { ...user, token: randomBytes(16).toString('hex') }]));
  const lines = [...known.values()].map(({ token, name, groups }) => `${token},${name},${name},"${groups.join(',')}"\n`);
  writeFileSync(file, lines.join(''), { mode: 0o600 });
  return known;
}

/** Write one kubeconfig file per user; JSON is YAML. */
export function writeKubeconfigs(folder: string, server: string, caFile: string, users: ReadonlyMap<string, KnownUser>): void {
  for (const [id, { token }] of users) {
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': id,
      clusters: [{ name: 'plane', cluster: { server, 'certificate-authority': caFile } }],
      users: [{ name: id, user: { token } }],
      contexts: [{ name: id, context: { cluster: 'plane', user: id, namespace: 'default' } }],
    };
    writeFileSync(join(folder, id), `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
  }
}
