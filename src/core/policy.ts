import type { FactKey, Facts } from './facts.ts';
import type { Effect, FindingSpec, Mode } from './finding.ts';
import type { JsonObject } from './json.ts';
import type { PatchOperation } from './patch.ts';
import type { AdmissionRequest, Operation, Phase } from './request.ts';

export interface Match {
  readonly group: string;
  /** Plural, with the subresource behind a slash: `deployments`, `deployments/scale`. */
  readonly resources: readonly string[];
  readonly operations: readonly Operation[];
}

/** What evaluate may know besides the request: no clock and no cluster of its own. */
export interface Circumstances<K extends FactKey, C> {
  readonly phase: Phase;
  /** Milliseconds since the epoch, from the one clock of the process. */
  readonly now: number;
  readonly facts: Facts<K>;
  readonly config: C;
}

type DetailOf<S> = S extends FindingSpec<infer D> ? D : never;

/** A finding as evaluate raises it: its code decides which numbers it must carry. */
export type Raised<F> = {
  readonly [C in keyof F & string]: {
    readonly code: C;
    readonly detail: DetailOf<F[C]>;
    readonly path?: string;
    readonly effect?: Effect;
    /** Whose business it is besides that of the namespace of the request: the strictest mode of all holds. */
    readonly namespaces?: readonly string[];
  };
}[keyof F & string];

/** The verdict of one policy. `blind` names facts that were needed and unknown: the engine turns them into findings. */
export interface Outcome<R, K extends FactKey> {
  readonly findings: readonly R[];
  readonly patch?: readonly PatchOperation[];
  /** What the policy saw, whether or not it found something; asked for by `check` only. Total, like evaluate. */
  readonly evidence?: () => JsonObject;
  readonly blind?: readonly { readonly fact: K; readonly effect?: Effect; readonly namespaces?: readonly string[] }[];
}

type Specs = Readonly<Record<string, FindingSpec>>;

export interface PolicyDefinition<K extends FactKey, C, F extends Specs> {
  readonly id: string;
  readonly title: string;
  readonly phases: readonly Phase[];
  readonly matches: readonly Match[];
  readonly needs: readonly K[];
  readonly defaultMode: Mode;
  /** It may speak for other namespaces than that of the request, so it is asked even where it is off. Needs `namespaces`. */
  readonly crossesNamespaces?: boolean;
  readonly config: { readonly schema: JsonObject; readonly defaults: C };
  readonly findings: F;
  /** What an unknown fact, or a bug in evaluate, means. */
  readonly whenBlind: { readonly facts: Readonly<Record<K, Effect>>; readonly error: Effect };
  readonly docs: { readonly summary: string; readonly why: string; readonly limits: string };
  /** Synchronous and total: no throw, no clock, no log. */
  readonly evaluate: (request: AdmissionRequest, circumstances: Circumstances<K, C>) => Outcome<Raised<F>, K>;
}

export interface RaisedFinding {
  readonly code: string;
  readonly detail: JsonObject;
  readonly path?: string;
  readonly effect?: Effect;
  readonly namespaces?: readonly string[];
}

/** A policy as the engine runs it: its own types are checked where it is defined, and erased here. */
export interface Policy extends Omit<
  PolicyDefinition<FactKey, unknown, Specs>,
  'findings' | 'whenBlind' | 'evaluate' | 'config'
> {
  readonly config: { readonly schema: JsonObject; readonly defaults: JsonObject };
  readonly findings: Readonly<Record<string, FindingSpec>>;
  readonly whenBlind: { readonly facts: Readonly<Partial<Record<FactKey, Effect>>>; readonly error: Effect };
  readonly evaluate: (
    request: AdmissionRequest,
    circumstances: Circumstances<FactKey, JsonObject>,
  ) => Outcome<RaisedFinding, FactKey>;
}

/** Checks a policy's types against its needs and findings and freezes it. Reading an undeclared fact does not compile. */
export function definePolicy<K extends FactKey, C, F extends Specs>(definition: PolicyDefinition<K, C, F>): Policy {
  return Object.freeze(definition) as unknown as Policy;
}
