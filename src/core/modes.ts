import type { Mode } from './finding.ts';
import type { JsonObject } from './json.ts';
import type { Policy } from './policy.ts';

export const modeLabel = 'rollback-bouncer.dev/mode';
export const modes: readonly Mode[] = ['off', 'audit', 'warn', 'enforce'];

/** What the configuration says, policies' own settings included. */
export interface Settings {
  /** The kill switch: no policy does more than this anywhere. */
  readonly ceiling: Mode;
  /** Namespace labels cannot go below it. */
  readonly floor: Mode;
  readonly policies: ReadonlyMap<string, { readonly mode?: Mode; readonly config: JsonObject }>;
}

export const defaultSettings: Settings = { ceiling: 'enforce', floor: 'off', policies: new Map() };

export function policyLabel(id: string): string {
  return `rollback-bouncer.dev/${id}`;
}

/**
 * The mode of a policy in a namespace: its own label, else the namespace's mode label, else the configuration, else its default.
 * The namespace's label never makes a policy stricter than it is by default: a policy that warns by nature keeps warning.
 */
export function modeOf(policy: Policy, settings: Settings, labels: ReadonlyMap<string, string> | undefined): Mode {
  const configured = settings.policies.get(policy.id)?.mode ?? policy.defaultMode;
  const ofNamespace = asMode(labels?.get(modeLabel));
  const fromLabels = asMode(labels?.get(policyLabel(policy.id))) ?? (ofNamespace && weaker(ofNamespace, policy.defaultMode));
  const asked = fromLabels === undefined ? configured : stronger(fromLabels, weaker(settings.floor, configured));
  return weaker(asked, settings.ceiling);
}

/** Labels of ours in a namespace that say nothing we know; they are ignored, and the user is told. */
export function unknownModes(labels: ReadonlyMap<string, string> | undefined, policies: readonly Policy[]): readonly string[] {
  if (labels === undefined) return [];
  const keys = [modeLabel, ...policies.map(({ id }) => policyLabel(id))];
  return keys.flatMap((key) => {
    const value = labels.get(key);
    return value === undefined || asMode(value) !== undefined ? [] : [`${key}: ${value}`];
  });
}

function asMode(value: string | undefined): Mode | undefined {
  return modes.find((mode) => mode === value);
}

function weaker(a: Mode, b: Mode): Mode {
  return modes.indexOf(a) <= modes.indexOf(b) ? a : b;
}

export function stronger(a: Mode, b: Mode): Mode {
  return weaker(a, b) === a ? b : a;
}
