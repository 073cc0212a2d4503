import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';
import { parseAllDocuments } from 'yaml';
import { binary } from '../controlplane/assets.ts';

export const repository = path.resolve(import.meta.dirname, '../..');

/** Everything a user may hand to `kubectl apply -k`, by path below manifests/. */
export const installations: readonly string[] = [
  'base',
  ...readdirSync(path.join(repository, 'manifests/overlays')).map((name) => `overlays/${name}`),
];
export const withoutCertManager: readonly string[] = ['overlays/dev-certs', 'overlays/local-plane'];

export interface LabelRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly operations: readonly string[];
  readonly resources: readonly string[];
  readonly scope: string;
}

export interface Webhook {
  readonly name: string;
  readonly admissionReviewVersions: readonly string[];
  readonly clientConfig: {
    readonly caBundle?: string;
    readonly service: { readonly name: string; readonly namespace: string; readonly path: string; readonly port: number };
  };
  readonly failurePolicy: string;
  readonly matchPolicy: string;
  readonly reinvocationPolicy?: string;
  readonly sideEffects: string;
  readonly timeoutSeconds: number;
  readonly namespaceSelector: { readonly matchExpressions: readonly LabelRequirement[] };
  readonly objectSelector?: unknown;
  readonly rules: readonly Rule[];
}

/** A manifest after kustomize; tests reach into the parts they are about. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly webhooks?: readonly Webhook[];
  readonly data?: Readonly<Record<string, string>>;
  readonly rules?: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** A copy of manifests/ with development certificates made for it: tests leave the working tree alone. */
export function stage(t: Test): string {
  const folder = t.testdir();
  const manifests = path.join(folder, 'manifests');
  const tls = path.join(manifests, 'components/dev-certs/tls');
  cpSync(path.join(repository, 'manifests'), manifests, { recursive: true });
  rmSync(tls, { recursive: true, force: true });
  makeCerts('--out', path.join(folder, 'certs'), '--copy-to', tls);
  return manifests;
}

/** @throws with what it said when it fails. */
export function makeCerts(...args: readonly string[]): void {
  execFileSync(path.join(repository, 'certs/make-dev-certs.sh'), args, { stdio: 'pipe' });
}

const cache = new Map<string, readonly Manifest[]>();

export function render(manifests: string, installation: string): readonly Manifest[] {
  const folder = path.join(manifests, installation);
  const rendered = cache.get(folder) ?? kustomize(folder);
  cache.set(folder, rendered);
  return rendered;
}

function kustomize(folder: string): readonly Manifest[] {
  const text = execFileSync(binary('kubectl'), ['kustomize', folder], { encoding: 'utf8', stdio: 'pipe' });
  return parseAllDocuments(text).map((document) => {
    if (document.errors[0]) throw document.errors[0];
    return document.toJS() as Manifest;
  });
}

export function find(manifests: readonly Manifest[], kind: string, name = 'rollback-bouncer'): Manifest {
  const found = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
}

export function webhooks(manifests: readonly Manifest[], kind?: 'Mutating' | 'Validating'): readonly Webhook[] {
  return manifests
    .filter((manifest) => manifest.kind.endsWith('WebhookConfiguration') && manifest.kind.startsWith(kind ?? ''))
    .flatMap((manifest) => manifest.webhooks ?? []);
}

/** Does a namespace with these labels send its requests to a webhook? As the API server decides it. */
export function selects({ namespaceSelector }: Webhook, labels: Readonly<Record<string, string>>): boolean {
  return namespaceSelector.matchExpressions.every(({ key, operator, values = [] }) => {
    const value = labels[key];
    if (operator === 'In') return value !== undefined && values.includes(value);
    if (operator === 'NotIn') return value === undefined || !values.includes(value);
    throw new Error(`operator ${operator} is not known here`);
  });
}
