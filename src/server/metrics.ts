import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Mode } from '../core/finding.ts';
import { modes, type Settings } from '../core/modes.ts';
import type { Phase } from '../core/request.ts';
import { findingMetrics, type Counted, type FindingMetrics } from './finding-metrics.ts';
import { countingBy } from './counting.ts';
import { prefixed } from './metric-name.ts';

/** A cache as the metrics see it. */
export interface CacheAge {
  readonly kind: string;
  readonly ageSeconds: number;
  readonly objects: number;
  readonly synced: boolean;
}

export interface Metrics extends FindingMetrics {
  readonly registry: Registry;
  readonly decided: (phase: Phase, verdict: string, seconds: number) => void;
  readonly rejected: (status: number) => void;
  readonly auditFailed: () => void;
  readonly certificateLoaded: (ok: boolean, notAfterMs: number) => void;
  readonly settingsInForce: (settings: Settings) => void;
  readonly settingsRefused: () => void;
  /** Asked at each scrape; not ready until this is said. */
  readonly readyWhen: (ready: () => boolean) => void;
  readonly relisted: (kind: string, reason: string) => void;
  readonly watchFailed: (kind: string) => void;
}

/** All series of the process. Labels are closed sets: no name that a user chooses becomes one. */
export function createMetrics(caches: () => readonly CacheAge[], policies: readonly Counted[] = []): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  cacheGauges(caches, registers);
  return {
    registry,
    ...decisionMetrics(registers),
    ...findingMetrics(registers, policies),
    ...faultMetrics(registers),
    ...readiness(registers),
    ...certificateMetrics(registers),
    ...settingsMetrics(registers),
    ...watchMetrics(registers),
  };
}

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
  const count = countingBy(decisions);
  const timers = { mutate: duration.labels('mutate'), validate: duration.labels('validate') };
  return {
    decided: (phase, verdict, seconds) => {
      count(phase, verdict);
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

function readiness(registers: Registry[]): Pick<Metrics, 'readyWhen'> {
  let ready = (): boolean => false;
  new Gauge({
    name: prefixed('ready'),
    help: '1 while /readyz says ok.',
    registers,
    collect() {
      this.set(ready() ? 1 : 0);
    },
  });
  return {
    readyWhen: (asked) => {
      ready = asked;
    },
  };
}

function certificateMetrics(registers: Registry[]): Pick<Metrics, 'certificateLoaded'> {
  const notAfter = new Gauge({
    name: prefixed('certificate_not_after_timestamp_seconds'),
    help: 'End of the certificate served.',
    registers,
  });
  const loads = loadsCounter('certificate_loads_total', 'Certificates read, by result.', registers);
  return {
    certificateLoaded: (ok, notAfterMs) => {
      loads.inc({ result: ok ? 'ok' : 'refused' });
      if (ok) notAfter.set(notAfterMs / 1000);
    },
  };
}

function settingsMetrics(registers: Registry[]): Pick<Metrics, 'settingsInForce' | 'settingsRefused'> {
  const loads = loadsCounter('config_loads_total', 'Configurations read, by result.', registers);
  const gauge = (suffix: string, help: string): Gauge => new Gauge({ name: prefixed(suffix), help, registers });
  const stale = gauge('config_stale', '1 while the configuration file cannot be used and the last good one is in force.');
  const killSwitch = gauge('kill_switch', '1 while the mode of the configuration is below enforce, so that nothing is denied.');
  const limits = new Gauge({
    name: prefixed('config_mode'),
    help: '1 for the mode that the configuration sets as ceiling and as floor, 0 for the others.',
    labelNames: ['limit', 'mode'],
    registers,
  });
  const set = (limit: 'ceiling' | 'floor', current: Mode): void => {
    for (const mode of modes) limits.set({ limit, mode }, mode === current ? 1 : 0);
  };
  return {
    settingsInForce: ({ ceiling, floor }) => {
      loads.inc({ result: 'ok' });
      stale.set(0);
      killSwitch.set(ceiling === 'enforce' ? 0 : 1);
      set('ceiling', ceiling);
      set('floor', floor);
    },
    settingsRefused: () => {
      loads.inc({ result: 'refused' });
      stale.set(1);
    },
  };
}

function loadsCounter(suffix: string, help: string, registers: Registry[]): Counter<'result'> {
  const loads = new Counter({ name: prefixed(suffix), help, labelNames: ['result'], registers });
  for (const result of ['ok', 'refused']) loads.inc({ result }, 0);
  return loads;
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
