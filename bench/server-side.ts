import type { Plane } from '../test/controlplane/plane.ts';
import { eventually } from '../test/controlplane/eventually.ts';
import { namespace } from './reviews.ts';
import type { Figures, Load } from './load.ts';
import { run } from './load.ts';

const rules = [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['deployments'] }];
const labelled = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };

const isJvm = 'has(c.env) && c.env.exists(e, e.name == "JAVA_TOOL_OPTIONS" || e.name == "JAVA_OPTS")';
const probe = 'Object.spec.template.spec.containers.startupProbe';

/**
 * The same mutation as a native policy, CEL inside the API server: every container with a sign of a JVM and without a startupProbe gets
 * one on its readiness endpoint. Its sign is one environment variable; ours are several hundred.
 */
const nativePolicy = [
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingAdmissionPolicy',
    metadata: { name: 'bench' },
    spec: {
      matchConstraints: { namespaceSelector: labelled, resourceRules: rules },
      reinvocationPolicy: 'Never',
      failurePolicy: 'Ignore',
      matchConditions: [
        {
          name: 'jvm-without-startup-probe',
          expression: `object.spec.template.spec.containers.exists(c, !has(c.startupProbe) && has(c.readinessProbe) && ${isJvm})`,
        },
      ],
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: {
            expression: `Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: object.spec.template.spec.containers.filter(c, !has(c.startupProbe) && has(c.readinessProbe) && ${isJvm}).map(c, Object.spec.template.spec.containers{name: c.name, startupProbe: ${probe}{httpGet: ${probe}.httpGet{path: c.readinessProbe.httpGet.path, port: c.readinessProbe.httpGet.port}, periodSeconds: 10, failureThreshold: 30, timeoutSeconds: 5, successThreshold: 1}})}}}}`,
          },
        },
      ],
    },
  },
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingAdmissionPolicyBinding',
    metadata: { name: 'bench' },
    spec: { policyName: 'bench' },
  },
];

/** A webhook configuration for a local process; `phase` is also its path. */
export function configuration(phase: 'mutate' | 'validate', port: number, caBundle: string): object {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: phase === 'mutate' ? 'MutatingWebhookConfiguration' : 'ValidatingWebhookConfiguration',
    metadata: { name: 'bench' },
    webhooks: [
      {
        name: `${phase}.bench.example`,
        admissionReviewVersions: ['v1'],
        clientConfig: { url: `https://localhost:${port}/${phase}`, caBundle },
        sideEffects: 'None',
        failurePolicy: 'Fail',
        namespaceSelector: labelled,
        rules,
      },
    ],
  };
}

export interface Contender {
  readonly title: string;
  readonly objects: readonly object[];
  readonly mutates: boolean;
}

export function contenders(ports: { readonly constant: number; readonly ours: number }, caBundle: string): readonly Contender[] {
  return [
    { title: 'no webhook', objects: [], mutates: false },
    { title: 'webhook that answers a constant', objects: [configuration('mutate', ports.constant, caBundle)], mutates: true },
    { title: 'native MutatingAdmissionPolicy', objects: nativePolicy, mutates: true },
    { title: 'rollback-bouncer, mutating', objects: [configuration('mutate', ports.ours, caBundle)], mutates: true },
    {
      title: 'rollback-bouncer, mutating and validating',
      objects: [configuration('mutate', ports.ours, caBundle), configuration('validate', ports.ours, caBundle)],
      mutates: true,
    },
  ];
}

/** Server-side dry-run creates through the API server with one contender installed; it is gone again afterwards. */
export async function measure(plane: Plane, contender: Contender, load: Load, body: object): Promise<Figures> {
  for (const object of contender.objects) await plane.apply(object);
  await eventually(async () => (await probeOf(plane, body)) === contender.mutates, {
    what: `${contender.title} to be in force`,
    timeoutMs: 30_000,
  });
  const figures = await run(load);
  for (const object of contender.objects) await plane.kubectl(['delete', '-f', '-'], { input: JSON.stringify(object) });
  await eventually(async () => !(await probeOf(plane, body)), { what: `${contender.title} to be gone`, timeoutMs: 30_000 });
  return figures;
}

async function probeOf(plane: Plane, body: object): Promise<boolean> {
  const answer = await plane.api(`/apis/apps/v1/namespaces/${namespace}/deployments?dryRun=All`, {
    method: 'POST',
    body,
    expectFailure: 'either',
  });
  return answer.text.includes('startupProbe');
}
