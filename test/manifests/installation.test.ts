import t from 'tap';
import { kindNames, kinds } from '../../src/cluster/kinds.ts';
import { parseSettings } from '../../src/config/load.ts';
import { factSources } from '../../src/core/facts.ts';
import { policies } from '../../src/policies/index.ts';
import { find, installations, render, stage, withoutCertManager, type Manifest } from './rendered.ts';

interface Container {
  readonly args: readonly string[];
  readonly image: string;
  readonly resources: Readonly<Record<'requests' | 'limits', Readonly<Record<string, string>>>>;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly subPath?: string }[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
}

interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes: readonly Readonly<Record<string, unknown>>[];
}

interface DeploymentSpec {
  readonly replicas: number;
  readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly template: { readonly metadata: { readonly labels: Readonly<Record<string, string>> }; readonly spec: PodSpec };
}

const deploymentOf = (rendered: readonly Manifest[]) => find(rendered, 'Deployment').spec as unknown as DeploymentSpec;
const manifests = stage(t);

for (const installation of installations) {
  void t.test(installation, (t) => {
    const rendered = render(manifests, installation);
    const { replicas, selector, template } = deploymentOf(rendered);

    t.equal(replicas, installation === 'overlays/local-plane' ? 0 : 3, 'replicas');
    t.match(find(rendered, 'Deployment').spec, { strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } } });
    t.match(template.metadata.labels, selector.matchLabels, 'the Deployment selects its pods');
    const serviceSelector = find(rendered, 'Service', 'rollback-bouncer-webhook').spec?.['selector'];
    t.strictSame(
      serviceSelector,
      installation === 'overlays/local-plane' ? undefined : selector.matchLabels,
      'so does the Service',
    );
    t.match(find(rendered, 'PodDisruptionBudget').spec, { maxUnavailable: 1, selector }, 'and the disruption budget');
    t.match(
      find(rendered, 'NetworkPolicy').spec,
      { podSelector: selector, ingress: [{ ports: [{ port: 8443 }] }] },
      'and the network policy',
    );

    void t.test('pods are restricted', (t) => {
      t.match(find(rendered, 'Namespace').metadata.labels, {
        'pod-security.kubernetes.io/enforce': 'restricted',
        'pod-security.kubernetes.io/warn': 'restricted',
        'pod-security.kubernetes.io/audit': 'restricted',
      });
      t.match(template.spec, {
        serviceAccountName: 'rollback-bouncer',
        priorityClassName: 'system-cluster-critical',
        terminationGracePeriodSeconds: 30,
        securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
      });
      for (const field of ['hostNetwork', 'hostPID', 'hostIPC', 'hostUsers', 'shareProcessNamespace'])
        t.notOk(field in template.spec, field);
      t.equal(template.spec.initContainers, undefined);
      for (const container of template.spec.containers) {
        t.match(container, {
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            runAsNonRoot: true,
            capabilities: { drop: ['ALL'] },
            seccompProfile: { type: 'RuntimeDefault' },
          },
        });
        t.notMatch(container, { securityContext: { capabilities: { add: [] } } }, 'adds no capability');
        t.notMatch(container, { ports: [{ hostPort: Number }] });
      }
      for (const volume of template.spec.volumes) t.ok('configMap' in volume || 'secret' in volume, 'no other volumes');
      t.end();
    });

    void t.test('the process finds its files and its probes', (t) => {
      const [container] = template.spec.containers;
      const paths = container!.args.flatMap((arg) => /^--[a-z-]+=(\/.*)$/.exec(arg)?.[1] ?? []);
      t.equal(paths.length, 3, 'configuration, certificate and key');
      for (const file of paths)
        t.ok(
          container!.volumeMounts.some(({ mountPath, subPath }) => subPath === undefined && file.startsWith(`${mountPath}/`)),
          `${file} lies in a mounted folder`,
        );
      for (const [probe, path] of [
        ['startupProbe', '/livez'],
        ['livenessProbe', '/livez'],
        ['readinessProbe', '/readyz'],
      ] as const)
        t.match(container, { [probe]: { httpGet: { path, port: 'https', scheme: 'HTTPS' } } }, probe);
      const { requests, limits } = container!.resources;
      for (const set of [requests, limits]) for (const name of ['cpu', 'memory']) t.match(set[name], /^\d/, name);
      t.equal(requests['memory'], limits['memory'], 'memory is guaranteed');
      const heapMiB = Number(/--max-old-space-size=(\d+)/.exec(container!.env.map(({ value }) => value).join(' '))?.[1]);
      t.ok(heapMiB < Number.parseInt(limits['memory'] ?? '', 10), 'the heap stays below the limit');
      t.match(container!.image, /^ghcr\.io\/rollback-bouncer\/rollback-bouncer:\d+\.\d+\.\d+$/, 'a released image');
      t.end();
    });

    void t.test('the configuration', (t) => {
      const loaded = parseSettings('config.yaml', find(rendered, 'ConfigMap').data?.['config.yaml'] ?? '', policies);
      t.match(loaded, {
        ok: true,
        settings: {
          ceiling: installation === 'overlays/adopt' ? 'audit' : 'enforce',
          floor: installation === 'overlays/strict' ? 'enforce' : 'off',
        },
      });
      t.end();
    });

    void t.test('certificates', (t) => {
      const certManager = rendered.filter(({ apiVersion }) => apiVersion.startsWith('cert-manager.io/'));
      if (withoutCertManager.includes(installation)) {
        t.strictSame(certManager, [], 'nothing for cert-manager');
        t.match(find(rendered, 'Secret', 'rollback-bouncer-webhook-tls'), {
          type: 'kubernetes.io/tls',
          metadata: { namespace: 'rollback-bouncer' },
        });
      } else {
        const { metadata } = find(rendered, 'Service', 'rollback-bouncer-webhook');
        const host = `${metadata.name}.${metadata.namespace!}.svc`;
        t.match(find(rendered, 'Certificate', 'rollback-bouncer-webhook').spec, {
          dnsNames: [host, `${host}.cluster.local`],
          secretName: 'rollback-bouncer-webhook-tls',
          privateKey: { rotationPolicy: 'Always' },
          issuerRef: { name: 'rollback-bouncer-ca' },
        });
        const ca = find(rendered, 'Certificate', 'rollback-bouncer-ca').spec;
        t.match(ca, { isCA: true, issuerRef: { name: 'rollback-bouncer-selfsigned' } });
        t.match(
          find(rendered, 'Issuer', 'rollback-bouncer-ca').spec,
          { ca: { secretName: ca?.['secretName'] } },
          'the leaf comes from the CA',
        );
      }
      t.match(template.spec.volumes, [{}, { secret: { secretName: 'rollback-bouncer-webhook-tls' } }], 'the pods mount the leaf');
      t.end();
    });

    void t.test('rights', (t) => {
      const roles = rendered.filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role');
      t.strictSame(
        roles.map(({ metadata }) => metadata.name),
        ['rollback-bouncer'],
        'one role',
      );
      const granted = roles.flatMap(({ rules = [] }) => rules);
      for (const { apiGroups, resources, verbs } of granted) {
        for (const value of [...apiGroups, ...resources, ...verbs]) t.notMatch(value, /\*/, 'no wildcard');
        const writes = resources.includes('events');
        t.strictSame(verbs, writes ? ['create'] : ['get', 'list', 'watch'], 'reads, and Events are created');
        t.notOk(resources.includes('secrets'), 'no Secrets');
      }
      const read = granted
        .filter(({ verbs }) => verbs.includes('watch'))
        .flatMap(({ apiGroups, resources }) => apiGroups.flatMap((group) => resources.map((name) => `${group}/${name}`)));
      const needed = [
        ...policies.flatMap(({ needs }) => needs).flatMap((fact) => factSources[fact]),
        ...kindNames.map((name) => kinds[name]),
      ].map(({ group, resource }) => `${group}/${resource}`);
      t.strictSame(read.toSorted(), [...new Set(needed)].sort(), 'what policies need and the stores watch, no more and no less');
      const account = { kind: 'ServiceAccount', name: 'rollback-bouncer', namespace: 'rollback-bouncer' };
      t.match(find(rendered, 'ClusterRoleBinding'), {
        roleRef: { kind: 'ClusterRole', name: 'rollback-bouncer' },
        subjects: [account],
      });
      t.match(find(rendered, 'FlowSchema').spec, {
        priorityLevelConfiguration: { name: find(rendered, 'PriorityLevelConfiguration').metadata.name },
        rules: [{ subjects: [{ kind: 'ServiceAccount', serviceAccount: { name: account.name, namespace: account.namespace } }] }],
      });
      t.end();
    });
    t.end();
  });
}
