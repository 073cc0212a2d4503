import { auditTo, logTo, standardError, standardOutput, type Logger } from './audit/logger.ts';
import { UsageFault } from './cli/fault.ts';
import type { ServeOptions } from './cli/serve-options.ts';
import { connectCluster, type Cluster } from './cluster/cluster.ts';
import type { EventFailure } from './cluster/events.ts';
import { kindNames } from './cluster/kinds.ts';
import { loadKubeConfig } from './cluster/kubeconfig.ts';
import type { ReflectorObserver } from './cluster/reflector-run.ts';
import { loadPair, type KeyPair } from './config/certificate.ts';
import { loadSettings, settingsLook } from './config/load.ts';
import { pollContent } from './config/poll.ts';
import { defaultSettings, type Settings } from './core/modes.ts';
import { selector } from './core/select.ts';
import { policies } from './policies/index.ts';
import { createApp, type App } from './server/app.ts';
import { createAttempts } from './server/attempts.ts';
import { watchCertificates, type CertificateWatch } from './server/certificates.ts';
import { createDrain, type Drain } from './server/drain.ts';
import { createMetrics, type Metrics } from './server/metrics.ts';
import { version } from './version.ts';

const pollMs = 2_000;
const closeMs = 5_000;

/** Everything that runs, and how it is taken down. */
interface Running {
  readonly app: App;
  readonly cluster: Cluster;
  readonly certificates: CertificateWatch;
  readonly settings: LiveSettings;
  readonly drain: Drain;
  readonly log: Logger;
}

/**
 * Wires the webhook and serves until SIGTERM or SIGINT.
 * @throws UsageFault when configuration, kubeconfig or certificate cannot be used at start.
 */
export async function serve(options: ServeOptions): Promise<void> {
  const first = settingsOf(options);
  const kube = loadKubeConfig(options.kubeconfig);
  if (!kube.ok) throw new UsageFault(kube.fault);
  const loaded = await loadPair({ certFile: options.tlsCertFile, keyFile: options.tlsPrivateKeyFile });
  if (!loaded.ok) throw new UsageFault(loaded.fault);

  const log = logTo(standardError());
  const metrics = createMetrics(() => caches(cluster), policies);
  const observer = observerOf(log, metrics);
  const onError = ({ namespace, error, failures }: EventFailure): void =>
    log.warn({ namespace, failures, err: error }, 'Events could not be written');
  const cluster = connectCluster({ kubeConfig: kube.kubeConfig, kinds: kindNames, observer, events: { onError } });
  const settings = liveSettings(options, first, { log, metrics });
  const running = assemble(options, { settings, pair: loaded.pair, cluster, metrics, log });
  await listen(running, options);
  const address = running.app.server.address();
  log.info({ version, address }, 'listening');
  void cluster.whenSynced().then(() => log.info({ caches: cluster.ages() }, 'caches synced'));
  stopOnSignal(running, options.drainSeconds);
}

function settingsOf({ config }: ServeOptions): Settings {
  if (config === undefined) return defaultSettings;
  const loaded = loadSettings(config, policies);
  if (!loaded.ok) throw new UsageFault(loaded.fault);
  return loaded.settings;
}

interface LiveSettings {
  readonly current: () => Settings;
  readonly stop: () => void;
}

/** The configuration follows its file, the kill switch within seconds; a faulty one is told and the last good one stays. */
function liveSettings(
  { config }: ServeOptions,
  first: Settings,
  { log, metrics }: { readonly log: Logger; readonly metrics: Metrics },
): LiveSettings {
  let settings = first;
  metrics.settingsInForce(first);
  if (config === undefined) return { current: () => settings, stop: () => undefined };
  const poll = pollContent(settingsLook(config, policies), {
    intervalMs: pollMs,
    digest: '',
    use: (next) => {
      settings = next;
      metrics.settingsInForce(next);
      log.info({ ceiling: next.ceiling, floor: next.floor }, 'configuration in force');
    },
    refused: (fault) => {
      metrics.settingsRefused();
      log.error({ fault }, 'new configuration refused, the last good one stays');
    },
  });
  return { current: () => settings, stop: poll.stop };
}

interface Parts {
  readonly settings: LiveSettings;
  readonly pair: KeyPair;
  readonly cluster: Cluster;
  readonly metrics: Metrics;
  readonly log: Logger;
}

function assemble(options: ServeOptions, { settings, pair, cluster, metrics, log }: Parts): Running {
  const drain = createDrain();
  const notReady = (): readonly string[] => [
    ...(cluster.synced() ? [] : ['caches not synced']),
    ...(certificates.notAfterMs() > Date.now() ? [] : ['certificate expired']),
  ];
  const app = createApp({
    pair,
    drain,
    log,
    metrics,
    select: selector(policies),
    settings: settings.current,
    gather: (needs, request, deadlineMs) => cluster.gather(needs, request, { deadlineMs }),
    confirm: (facts, denied, deadlineMs) => cluster.confirm(facts, denied, { deadlineMs }),
    now: () => Date.now(),
    audit: auditTo(standardOutput((error) => auditFailed(error, log, metrics))),
    attempts: createAttempts(),
    onDenial: (denial) => cluster.events.report(denial),
    notReady,
  });
  metrics.readyWhen(() => drain.state() === 'serving' && notReady().length === 0);
  metrics.certificateLoaded(true, pair.notAfterMs);
  const certificates = watchCertificates({ certFile: options.tlsCertFile, keyFile: options.tlsPrivateKeyFile }, pair, {
    intervalMs: pollMs,
    use: (next) => {
      app.server.setSecureContext({ cert: next.cert, key: next.key, minVersion: 'TLSv1.2' });
      metrics.certificateLoaded(true, next.notAfterMs);
      log.info({ notAfter: new Date(next.notAfterMs).toISOString() }, 'certificate replaced');
    },
    refused: (fault) => {
      metrics.certificateLoaded(false, 0);
      log.error({ fault }, 'new certificate refused, the old one keeps serving');
    },
  });
  return { app, cluster, certificates, settings, drain, log };
}

function auditFailed(error: Error, log: Logger, metrics: Metrics): void {
  metrics.auditFailed();
  log.error({ err: error }, 'audit lines could not be written');
}

async function listen({ app, cluster }: Running, { address, port }: ServeOptions): Promise<void> {
  try {
    await app.listen({ host: address, port });
  } catch (error) {
    // Its watches would keep the process alive.
    await cluster.stop();
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new UsageFault(`--address ${address} --port ${port}: cannot listen (${code})`);
  }
}

function caches(cluster: Cluster): ReturnType<Parameters<typeof createMetrics>[0]> {
  return cluster.ages().map(({ kind, ageSeconds, size, state }) => ({
    kind,
    ageSeconds: ageSeconds ?? -1,
    objects: size,
    synced: state !== 'starting',
  }));
}

function observerOf(log: Logger, metrics: Metrics): ReflectorObserver {
  return {
    onRelist: ({ kind, reason }) => metrics.relisted(kind, reason),
    onError: ({ kind, during, error }) => {
      metrics.watchFailed(kind);
      log.warn({ kind, during, err: error }, 'watch failed, trying again');
    },
    onCallbackError: ({ kind, error }) => log.error({ kind, err: error }, 'object left out of the cache'),
  };
}

/** Not ready at once; serves on for the drain time; then refuses politely, finishes what is in flight and lets the process end. */
function stopOnSignal(running: Running, drainSeconds: number): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    stopping = true;
    running.log.info({ signal, drainSeconds }, 'draining');
    running.drain.leave();
    setTimeout(() => void shutDown(running), drainSeconds * 1000);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

async function shutDown({ app, cluster, certificates, settings, drain, log }: Running): Promise<void> {
  drain.refuse();
  certificates.stop();
  settings.stop();
  const giveUp = setTimeout(() => app.server.closeAllConnections(), closeMs);
  giveUp.unref();
  await app.close();
  clearTimeout(giveUp);
  await cluster.stop();
  log.info('stopped');
}
