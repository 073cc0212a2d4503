import { evidentFact, isLookup } from '../cluster/facts.ts';
import { offlineCluster } from '../cluster/offline.ts';
import { known, unknown, type Facts } from '../core/facts.ts';
import type { JudgedFinding } from '../core/finding.ts';
import { asText, at, type JsonObject } from '../core/json.ts';
import type { Settings } from '../core/modes.ts';
import { applyPatch, type PatchOperation } from '../core/patch.ts';
import { objectName, type AdmissionRequest, type Operation, type Phase } from '../core/request.ts';
import { review, type Gather } from '../core/review.ts';
import type { Select } from '../core/select.ts';
import type { Verdict } from '../core/verdict.ts';
import { resourceOf } from '../kubernetes/resources.ts';
import { UsageFault } from './fault.ts';
import type { Manifest } from './manifests.ts';

export interface CheckOptions {
  readonly settings: Settings;
  readonly select: Select;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly user: { readonly name: string; readonly groups: readonly string[] };
  readonly operation: Operation | undefined;
  readonly subresource: string;
  readonly old: readonly Manifest[];
  /** Undefined when nothing is known about the cluster. */
  readonly cluster: readonly Manifest[] | undefined;
}

/** What `check` says about one object: the contract of `-o json`. */
export interface CheckResult {
  readonly source: string;
  readonly object: { readonly apiVersion: string; readonly kind: string; readonly namespace: string; readonly name: string };
  readonly operation: Operation;
  readonly allowed: boolean;
  readonly findings: readonly JudgedFinding[];
  readonly warnings: readonly string[];
  readonly patch: readonly PatchOperation[];
  readonly evidence: JsonObject;
}

/**
 * Judges each object alone, as the API server would have it judged: mutate, apply the patch, validate.
 * @throws UsageFault when an UPDATE is asked for and there is no old object.
 */
export async function judgeManifests(manifests: readonly Manifest[], options: CheckOptions): Promise<readonly CheckResult[]> {
  const old = indexByIdentity([...(options.cluster ?? []), ...options.old]);
  const gather = options.cluster === undefined ? blindGather : offlineCluster(options.cluster.map(({ object }) => object)).gather;
  const results: CheckResult[] = [];
  for (const manifest of manifests) results.push(await judgeOne(manifest, old.get(identityOf(manifest.object)), gather, options));
  return results;
}

async function judgeOne(
  { source, object }: Manifest,
  oldObject: JsonObject | undefined,
  gather: Gather,
  options: CheckOptions,
): Promise<CheckResult> {
  const request = requestOf(object, oldObject, options);
  if (request.operation === 'UPDATE' && oldObject === undefined)
    throw new UsageFault(`${source}: ${request.kind} ${request.name}: UPDATE needs the old object: give --old or --cluster`);
  const ask = async (about: AdmissionRequest, phase: Phase): Promise<Verdict> => {
    const context = {
      phase,
      select: options.select,
      settings: options.settings,
      gather,
      now: options.now,
      onError: failed,
    };
    return (await review(about, context)).verdict;
  };
  const mutated = await ask(request, 'mutate');
  const patched = request.object === undefined ? request : { ...request, object: applyPatch(request.object, mutated.patch) };
  const validated = await ask(patched, 'validate');
  return {
    source,
    object: {
      apiVersion: asText(object['apiVersion']) ?? '',
      kind: request.kind,
      namespace: request.namespace,
      name: request.name,
    },
    operation: request.operation,
    ...joined(mutated, validated),
  };
}

/** A bug of ours must not look like a verdict. */
function failed(policy: string, error: unknown): never {
  throw new Error(`policy ${policy} failed`, { cause: error });
}

/** Both sides' answer as the user of kubectl sees it: the same text is said once. */
function joined(mutated: Verdict, validated: Verdict): Omit<CheckResult, 'source' | 'object' | 'operation'> {
  const findings = new Map([...mutated.findings, ...validated.findings].map((finding) => [JSON.stringify(finding), finding]));
  return {
    allowed: mutated.allowed && validated.allowed,
    findings: [...findings.values()],
    warnings: [...new Set([...mutated.warnings, ...validated.warnings])],
    patch: mutated.patch,
    evidence: { ...mutated.evidence(), ...validated.evidence() },
  };
}

function requestOf(object: JsonObject, oldObject: JsonObject | undefined, options: CheckOptions): AdmissionRequest {
  const { group, version, resource } = resourceOf(asText(object['apiVersion']) ?? '', asText(object['kind']) ?? '');
  const operation = options.operation ?? (oldObject === undefined ? 'CREATE' : 'UPDATE');
  const deleted = operation === 'DELETE';
  return {
    uid: 'check',
    operation,
    group,
    version,
    resource,
    subresource: options.subresource,
    kind: asText(object['kind']) ?? '',
    namespace: namespaceOf(object),
    name: objectName('', object, oldObject),
    user: options.user,
    dryRun: false,
    object: deleted ? undefined : object,
    oldObject: operation === 'CREATE' ? undefined : (oldObject ?? (deleted ? object : undefined)),
  };
}

/** Whatever the API version, as the API server tells objects apart. The last of several wins, as with `kubectl apply`. */
function indexByIdentity(manifests: readonly Manifest[]): ReadonlyMap<string, JsonObject> {
  return new Map(manifests.map(({ object }) => [identityOf(object), object]));
}

function identityOf(object: JsonObject): string {
  const { group } = resourceOf(asText(object['apiVersion']) ?? '', '');
  return JSON.stringify([group, object['kind'], namespaceOf(object), asText(at(object, 'metadata', 'name')) ?? '']);
}

function namespaceOf(object: JsonObject): string {
  const { namespaced } = resourceOf('', asText(object['kind']) ?? '');
  return namespaced ? (asText(at(object, 'metadata', 'namespace')) ?? 'default') : '';
}

/** Without --cluster only what the request itself shows is known, and namespaces are taken to have no labels of ours. */
const blindGather: Gather = (needs, request): Facts =>
  Object.fromEntries(
    needs.map((key) => {
      if (isLookup(key)) return [key, unknown('no --cluster given')];
      const evident = key === 'namespaceLabels' ? new Map<string, string>() : evidentFact(key, request);
      return [key, evident === undefined ? unknown('no --cluster given') : known(evident)];
    }),
  ) as unknown as Facts;
