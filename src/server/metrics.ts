import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Phase } from '../core/request.ts';

/** A cache as the metrics see it. */
export interface CacheAge {
  readonly kind: string;
  readonly ageSeconds: number;
  readonly objects: number;
  readonly synced: boolean;
}

export interface Metrics {
  readonly registry: Registry;
  readonly decided: (phase: Phase, verdict: string, seconds: number) => void;
  readonly rejected: (status: number) => void;
  readonly auditFailed: () => void;
  readonly certificateLoaded: (ok: boolean, notAfterMs: number) => void;
  readonly settingsLoaded: (ok: boolean) => void;
  readonly relisted: (kind: string, reason: string) => void;
  readonly watchFailed: (kind: string) => void;
}

/** All series of the process. Labels are closed sets: no name that a user chooses becomes one. */
export function createMetrics(caches: () => readonly CacheAge[]): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  cacheGauges(caches, registers);
  return {
    registry,
    ...decisionMetrics(registers),
    ...faultMetrics(registers),
    ...fileMetrics(registers),
    ...watchMetrics(registers),
  };
}

const prefixed = (suffix: string): string => `rollback_bouncer_${suffix}`;

function decisionMetrics(registers: Registry[]): Pick<Metrics, 'decided'> {
  const decisions = new Counter({
    name: prefixed('decisions_total'),
    help: 'Answers by phase and verdict.',
    labelNames: ['phase', 'verdict'],
    registers,
  });
  const duration = new Histogram({
    name: prefixed('decision_duration_seconds'),
    help: 'Time from the decoded call to the encoded answer.',
    labelNames: ['phase'],
    buckets: [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });
  // Looking a child up by its labels costs more than counting.
  const children = new Map<string, Counter.Internal>();
  const count = (phase: Phase, verdict: string): Counter.Internal => {
    const key = `${phase} ${verdict}`;
    const child = children.get(key) ?? decisions.labels(phase, verdict);
    children.set(key, child);
    return child;
  };
  const timers = { mutate: duration.labels('mutate'), validate: duration.labels('validate') };
  return {
    decided: (phase, verdict, seconds) => {
      count(phase, verdict).inc();
      timers[phase].observe(seconds);
    },
  };
}

function faultMetrics(registers: Registry[]): Pick<Metrics, 'rejected' | 'auditFailed'> {
  const rejected = new Counter({
    name: prefixed('rejected_calls_total'),
    help: 'Calls that were no review, by status.',
    labelNames: ['status'],
    registers,
  });
  const auditFailures = new Counter({
    name: prefixed('audit_write_failures_total'),
    help: 'Writes of the audit trail that failed.',
    registers,
  });
  return {
    rejected: (status) => rejected.inc({ status: String(status) }),
    auditFailed: () => auditFailures.inc(),
  };
}

function fileMetrics(registers: Registry[]): Pick<Metrics, 'certificateLoaded' | 'settingsLoaded'> {
  const notAfter = new Gauge({
    name: prefixed('certificate_not_after_timestamp_seconds'),
    help: 'End of the certificate served.',
    registers,
  });
  const loads = new Counter({
    name: prefixed('certificate_loads_total'),
    help: 'Certificates read, by result.',
    labelNames: ['result'],
    registers,
  });
  const stale = new Gauge({
    name: prefixed('config_stale'),
    help: '1 while the configuration file cannot be used and the last good one is in force.',
    registers,
  });
  return {
    settingsLoaded: (ok) => stale.set(ok ? 0 : 1),
    certificateLoaded: (ok, notAfterMs) => {
      loads.inc({ result: ok ? 'ok' : 'refused' });
      if (ok) notAfter.set(notAfterMs / 1000);
    },
  };
}

function watchMetrics(registers: Registry[]): Pick<Metrics, 'relisted' | 'watchFailed'> {
  const relists = new Counter({
    name: prefixed('cache_relists_total'),
    help: 'Full lists, by kind and reason.',
    labelNames: ['kind', 'reason'],
    registers,
  });
  const failures = new Counter({
    name: prefixed('cache_watch_failures_total'),
    help: 'Lists and watches that ended in an error.',
    labelNames: ['kind'],
    registers,
  });
  return {
    relisted: (kind, reason) => relists.inc({ kind, reason }),
    watchFailed: (kind) => failures.inc({ kind }),
  };
}

function cacheGauges(caches: () => readonly CacheAge[], registers: Registry[]): void {
  const gauge = (suffix: string, help: string, value: (cache: CacheAge) => number): Gauge =>
    new Gauge({
      name: prefixed(suffix),
      help,
      labelNames: ['kind'],
      registers,
      collect() {
        for (const cache of caches()) this.set({ kind: cache.kind }, value(cache));
      },
    });
  gauge('cache_age_seconds', 'Seconds since the API server was last heard about a kind.', ({ ageSeconds }) => ageSeconds);
  gauge('cache_objects', 'Objects held of a kind.', ({ objects }) => objects);
  gauge('cache_synced', '1 once a kind was listed.', ({ synced }) => (synced ? 1 : 0));
}
