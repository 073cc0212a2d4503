import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyPatch as applyRfc6902 } from 'rfc6902';
import { parse } from 'yaml';
import { known, unknown, type Fact, type FactKey, type Facts } from '../../src/core/facts.ts';
import type { Mode } from '../../src/core/finding.ts';
import { asList, asObject, asText, at, textEntries, type Json, type JsonObject } from '../../src/core/json.ts';
import { defaultSettings, type Settings } from '../../src/core/modes.ts';
import { objectName, type AdmissionRequest, type Operation, type Phase } from '../../src/core/request.ts';
import { review } from '../../src/core/review.ts';
import { selector } from '../../src/core/select.ts';
import type { Verdict } from '../../src/core/verdict.ts';
import { resourceOf } from '../../src/kubernetes/resources.ts';
import { policies } from '../../src/policies/index.ts';

/** What one side is expected to answer, exactly. `findings` are `code (effect) path: message`. */
export interface Expected {
  readonly allowed: boolean;
  readonly findings: readonly string[];
  readonly warnings: readonly string[];
  readonly patch: readonly Json[];
  readonly message?: string;
}

export interface Case {
  readonly policy: string;
  readonly file: string;
  readonly title: string;
  readonly request: AdmissionRequest;
  readonly facts: Facts;
  readonly settings: Settings;
  readonly expect: Readonly<Partial<Record<Phase, Expected>>>;
}

const folder = import.meta.dirname;
const now = Date.parse('2026-11-24T00:00:00Z');

/** Every case below test/policies/<policy>/, parsed and frozen. */
export function readCases(): readonly Case[] {
  const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.flatMap(({ name }) =>
    readdirSync(join(folder, name))
      .filter((file) => file.endsWith('.yaml'))
      .toSorted()
      .map((file) => readCase(name, join(folder, name, file))),
  );
}

function readCase(policy: string, file: string): Case {
  const value = parse(readFileSync(file, 'utf8')) as Json;
  const title = asText(at(value, 'title'));
  if (title === undefined) throw new Error(`${file}: title is missing`);
  return {
    policy,
    file,
    title,
    request: deepFreeze(requestOf(at(value, 'request'))),
    facts: factsOf(at(value, 'facts')),
    settings: settingsOf(policy, value),
    expect: (at(value, 'expect') ?? {}) as unknown as Case['expect'],
  };
}

/** Both sides' verdicts as the API server gets them: the validating side sees the patched object. */
export async function play(
  one: Case,
): Promise<{ readonly mutate: Verdict; readonly validate: Verdict; readonly patched: AdmissionRequest }> {
  const mutate = await ask(one, one.request, 'mutate');
  const patched = { ...one.request, object: patchedBy(one.request.object, mutate) };
  return { mutate, validate: await ask(one, patched, 'validate'), patched };
}

export async function ask({ facts, settings }: Case, request: AdmissionRequest, phase: Phase): Promise<Verdict> {
  const onError = (policy: string, error: unknown): never => {
    throw new Error(`${policy} threw`, { cause: error });
  };
  return (await review(request, { phase, settings, now, onError, gather: () => facts, select: selector(policies) })).verdict;
}

export function asExpected(verdict: Verdict): Expected {
  return {
    allowed: verdict.allowed,
    findings: verdict.findings.map(
      ({ policy, code, effect, path, message }) => `${policy}/${code} (${effect}) ${path}: ${message}`,
    ),
    warnings: verdict.warnings,
    patch: verdict.patch,
    ...(verdict.message !== '' && { message: verdict.message }),
  };
}

/** By another library than the one the engine checks with. */
function patchedBy(object: JsonObject | undefined, { patch }: Verdict): JsonObject | undefined {
  if (object === undefined || patch.length === 0) return object;
  const copy = structuredClone(object);
  const faults = applyRfc6902(copy, structuredClone(patch) as unknown as Parameters<typeof applyRfc6902>[1]).filter(
    (fault) => fault !== null,
  );
  if (faults.length > 0) throw faults[0]!;
  return copy;
}

function requestOf(value: Json | undefined): AdmissionRequest {
  const object = objectOf(at(value, 'object'));
  const oldObject = objectOf(at(value, 'oldObject'));
  const described = object ?? oldObject ?? {};
  const kind = asText(at(described, 'kind')) ?? '';
  const { group, version, resource } = resourceOf(asText(at(described, 'apiVersion')) ?? '', kind);
  return {
    uid: 'a-case',
    operation: (asText(at(value, 'operation')) ?? 'CREATE') as Operation,
    group,
    version,
    resource,
    subresource: asText(at(value, 'subresource')) ?? '',
    kind,
    namespace: asText(at(described, 'metadata', 'namespace')) ?? '',
    name: objectName('', object, oldObject),
    user: { name: asText(at(value, 'user')) ?? 'developer', groups: [] },
    dryRun: false,
    object,
    oldObject,
  };
}

/** `{ from: NAME, patch: {…} }` is test/objects/NAME.yaml with a merge patch; anything else is the object itself. */
function objectOf(value: Json | undefined): JsonObject | undefined {
  const from = asText(at(value, 'from'));
  if (from === undefined) return asObject(value);
  const base = parse(readFileSync(join(folder, '../objects', `${from}.yaml`), 'utf8')) as Json;
  return asObject(merge(base, at(value, 'patch') ?? {}));
}

/** RFC 7386, and a list given as a map of indexes changes only those elements. */
function merge(target: Json | undefined, patch: Json): Json {
  const changes = asObject(patch);
  if (changes === undefined) return patch;
  if (Array.isArray(target))
    return asList(target).map((element, index) => (String(index) in changes ? merge(element, changes[index]!) : element));
  const result = new Map(Object.entries(asObject(target) ?? {}));
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === undefined) result.delete(key);
    else result.set(key, merge(result.get(key), value));
  }
  return Object.fromEntries(result);
}

function factsOf(value: Json | undefined): Facts {
  return {
    namespaceLabels: factOf(at(value, 'namespaceLabels'), (labels) => new Map(textEntries(labels))),
    ownedReplicaSets: factOf(at(value, 'ownedReplicaSets'), (list) =>
      asList(list).map((one, index) => ({
        name: asText(at(one, 'name')) ?? `rs-${index}`,
        uid: `uid-${index}`,
        createdAt: '2026-11-23T00:00:00Z',
        revision: index + 1,
        template: asObject(at(objectOf(at(one, 'of')), 'spec', 'template')) ?? {},
        desiredPods: Number(at(one, 'desiredPods') ?? 0),
        readyPods: Number(at(one, 'readyPods') ?? 0),
      })),
    ),
  };
}

function factOf<T>(value: Json | undefined, read: (value: Json) => T): Fact<T> {
  const why = asText(at(value, 'unknown'));
  return why === undefined ? known(read(value ?? {})) : unknown(why);
}

/** Facts that a case declares unknown. */
export function unknownFacts({ facts }: Case): readonly FactKey[] {
  return (Object.keys(facts) as FactKey[]).filter((key) => !facts[key].known);
}

function settingsOf(policy: string, value: Json): Settings {
  const mode = asText(at(value, 'mode')) as Mode | undefined;
  const defaults = policies.find(({ id }) => id === policy)?.config.defaults ?? {};
  const config = { ...defaults, ...asObject(at(value, 'config')) };
  return { ...defaultSettings, policies: new Map([[policy, { ...(mode !== undefined && { mode }), config }]]) };
}

export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
