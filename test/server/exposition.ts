import type { Mode, Effect, JudgedFinding } from '../../src/core/finding.ts';
import { factKeys } from '../../src/core/facts.ts';
import { defaultSettings, modes } from '../../src/core/modes.ts';
import { ownFindings } from '../../src/core/own-findings.ts';
import { policies } from '../../src/policies/index.ts';
import { createMetrics, type Metrics } from '../../src/server/metrics.ts';
import { aFinding } from '../core/samples.ts';

/** A metric as its text says: the type, and the values of each label. A histogram's suffixes are metrics of their own. */
export interface Exposed {
  readonly type: string;
  readonly labels: ReadonlyMap<string, ReadonlySet<string>>;
  readonly samples: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

export type Exposition = ReadonlyMap<string, Exposed>;

/** https://prometheus.io/docs/instrumenting/exposition_formats/; names of histograms and summaries are those of their samples. */
export function exposition(text: string): Exposition {
  const metrics = new Map<string, { type: string; labels: Map<string, Set<string>>; samples: Exposed['samples'][number][] }>();
  let type = '';
  for (const line of text.split('\n')) {
    type = /^# TYPE \S+ (\S+)$/.exec(line)?.[1] ?? type;
    const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined) continue;
    const metric = metrics.get(name) ?? { type, labels: new Map<string, Set<string>>(), samples: [] };
    metrics.set(name, metric);
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', of = '']) => [label, of] as const);
    for (const [label, of] of pairs) metric.labels.set(label, (metric.labels.get(label) ?? new Set<string>()).add(of));
    metric.samples.push({ labels: Object.fromEntries(pairs), value: Number(value) });
  }
  return metrics;
}

const effects: readonly Effect[] = ['deny', 'warn', 'info'];

function everyFinding(): readonly JudgedFinding[] {
  const codes = [
    ...policies.flatMap(({ id, findings }) => Object.keys(findings).map((code) => [id, code] as const)),
    ...[...policies.map(({ id }) => id), 'review'].flatMap((id) => Object.keys(ownFindings).map((code) => [id, code] as const)),
  ];
  const asked = (modes satisfies readonly Mode[]).flatMap((mode) => effects.map((effect) => ({ mode, effect })));
  return codes.flatMap(([policy, code]) =>
    asked.flatMap((more) => factKeys.map((fact) => aFinding({ policy, code, ...more, detail: { fact } }))),
  );
}

/** The metrics of the process after everything that they count has happened: every series, with every value of a label. */
export function metricsAfterEverything(): Metrics {
  const metrics = createMetrics(() => [{ kind: 'pods', ageSeconds: 1, objects: 2, synced: true }], policies);
  for (const phase of ['mutate', 'validate'] as const)
    for (const verdict of ['deny', 'mutate', 'warn', 'allow']) metrics.decided(phase, verdict, 0.01);
  for (const dryRun of [false, true]) metrics.found(everyFinding(), dryRun);
  metrics.rejected(400);
  metrics.certificateLoaded(true, 1_700_000_000_000);
  metrics.settingsInForce(defaultSettings);
  metrics.readyWhen(() => true);
  metrics.relisted('pods', 'expired');
  metrics.watchFailed('pods');
  return metrics;
}
