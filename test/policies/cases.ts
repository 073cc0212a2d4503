import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyPatch as applyRfc6902 } from 'rfc6902';
import { parse } from 'yaml';
import { factKeys, type FactKey, type Facts } from '../../src/core/facts.ts';
import type { Effect, Mode } from '../../src/core/finding.ts';
import { asList, asObject, asText, at, type Json, type JsonObject } from '../../src/core/json.ts';
import { defaultSettings, type Settings } from '../../src/core/modes.ts';
import type { AdmissionRequest, Phase } from '../../src/core/request.ts';
import { review, type Gather } from '../../src/core/review.ts';
import { selector } from '../../src/core/select.ts';
import type { Verdict } from '../../src/core/verdict.ts';
import { policies } from '../../src/policies/index.ts';
import { clusterManifests } from './cluster-shorthand.ts';
import { gatherFrom, givenFacts } from './given-facts.ts';
import { requestOf } from './requests.ts';

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
  /** Everything that is stored: what `gather` knows, as `check --cluster` would read it. */
  readonly cluster: readonly JsonObject[];
  readonly gather: Gather;
  /** Facts that are given rather than gathered from the cluster. */
  readonly given: Partial<Facts>;
  /** What the configuration says about the policy. */
  readonly configured: JsonObject;
  readonly settings: Settings;
  readonly derived: Derived;
  readonly expect: Readonly<Partial<Record<Phase, Expected>>>;
}

/** What somebody read out of the rules before anything was run; left out where the rules leave it open. */
export interface Derived {
  readonly allowed: boolean | undefined;
  /** The codes of everything that denies or warns by itself, whatever the mode makes of it; sorted. */
  readonly codes: readonly string[] | undefined;
  /** Some of the codes that only inform. */
  readonly info: readonly string[];
}

const folder = import.meta.dirname;
export const now = Date.parse('2026-11-24T00:00:00Z');

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
  try {
    return caseOf(policy, file, parse(readFileSync(file, 'utf8')) as Json);
  } catch (error) {
    throw new Error(`${file} is no case`, { cause: error });
  }
}

const caseKeys = ['title', 'allowed', 'codes', 'info', 'request', 'cluster', 'facts', 'mode', 'config', 'expect'];

function caseOf(policy: string, file: string, value: Json): Case {
  const title = asText(at(value, 'title'));
  if (title === undefined) throw new Error('title is missing');
  const foreign = Object.keys(asObject(value) ?? {}).filter((key) => !caseKeys.includes(key));
  if (foreign.length > 0) throw new Error(`${foreign.join(', ')} is none of ${caseKeys.join(', ')}`);
  const request = deepFreeze(requestOf(at(value, 'request')));
  const cluster = deepFreeze(clusterManifests(at(value, 'cluster'), request.oldObject, now));
  const given = givenFacts(at(value, 'facts'));
  const mode = asText(at(value, 'mode'));
  const configured = { ...(mode !== undefined && { mode }), ...asObject(at(value, 'config')) };
  return {
    policy,
    file,
    title,
    request,
    cluster,
    gather: gatherFrom(cluster, given),
    given,
    configured,
    settings: settingsOf(policy, configured),
    derived: derivedOf(value),
    expect: (at(value, 'expect') ?? {}) as unknown as Case['expect'],
  };
}

function derivedOf(value: Json): Derived {
  const texts = (list: Json | undefined): readonly string[] => asList(list).map(String).toSorted();
  const [allowed, codes] = [at(value, 'allowed'), at(value, 'codes')];
  return {
    allowed: typeof allowed === 'boolean' ? allowed : undefined,
    codes: codes === undefined ? undefined : texts(codes),
    info: texts(at(value, 'info')),
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

export async function ask({ gather, settings }: Case, request: AdmissionRequest, phase: Phase): Promise<Verdict> {
  const onError = (policy: string, error: unknown): never => {
    throw new Error(`${policy} threw`, { cause: error });
  };
  return (await review(request, { phase, settings, now, onError, gather, select: selector(policies) })).verdict;
}

/** The codes of one effect in both answers, each once and sorted. */
export function codesOf(verdicts: readonly Verdict[], effects: readonly Effect[]): readonly string[] {
  const findings = verdicts.flatMap((verdict) => verdict.findings).filter(({ effect }) => effects.includes(effect));
  return [...new Set(findings.map(({ code }) => code))].toSorted();
}

/** The answer of a side that has nothing to say. */
export const silence: Expected = { allowed: true, findings: [], warnings: [], patch: [] };

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

/** Facts that a case declares unknown. */
export function unknownFacts({ given }: Case): readonly FactKey[] {
  return factKeys.filter((key) => given[key]?.known === false);
}

function settingsOf(policy: string, { mode, ...config }: JsonObject): Settings {
  const defaults = policies.find(({ id }) => id === policy)?.config.defaults ?? {};
  const configured = { ...(mode !== undefined && { mode: mode as Mode }), config: { ...defaults, ...config } };
  return { ...defaultSettings, policies: new Map([[policy, configured]]) };
}

export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
