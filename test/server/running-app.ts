import { readFileSync } from 'node:fs';
import { request, type Agent } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Test } from 'tap';
import { parse } from 'yaml';
import { auditTo, logTo } from '../../src/audit/logger.ts';
import { loadPair } from '../../src/config/certificate.ts';
import { asObject, at, type Json, type JsonObject } from '../../src/core/json.ts';
import { defaultSettings } from '../../src/core/modes.ts';
import { selector } from '../../src/core/select.ts';
import { policies } from '../../src/policies/index.ts';
import { createApp, type App, type AppContext } from '../../src/server/app.ts';
import { createAttempts } from '../../src/server/attempts.ts';
import { createDrain, type Drain } from '../../src/server/drain.ts';
import { createMetrics, type CacheAge, type Metrics } from '../../src/server/metrics.ts';
import { someFacts } from '../core/samples.ts';
import { reviewOf } from './envelope.ts';
import { makePair, type PairOnDisk } from './pairs.ts';

/** The HTTPS application on a free port of loopback, with the real policies, and what it wrote. */
export interface RunningApp {
  readonly app: App;
  readonly port: number;
  readonly pair: PairOnDisk;
  readonly drain: Drain;
  readonly metrics: Metrics;
  /** Lines of the audit trail, as written. */
  readonly audit: string[];
  readonly log: string[];
}

export async function startApp(
  t: Test,
  more: Partial<AppContext> & { readonly caches?: () => readonly CacheAge[] } = {},
): Promise<RunningApp> {
  const pair = makePair(t.testdir());
  const loaded = await loadPair(pair);
  if (!loaded.ok) throw new Error(loaded.fault);
  const [audit, log]: [string[], string[]] = [[], []];
  const drain = createDrain();
  const metrics = createMetrics(more.caches ?? (() => []));
  const app = createApp({
    pair: loaded.pair,
    drain,
    metrics,
    log: logTo({ write: (line) => void log.push(line) }),
    select: selector(policies),
    settings: () => defaultSettings,
    gather: () => someFacts(),
    confirm: () => undefined,
    now: () => Date.now(),
    audit: auditTo({ write: (line) => void audit.push(line) }),
    attempts: createAttempts(),
    notReady: () => [],
    ...more,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  t.teardown(() => app.close());
  return { app, port: (app.server.address() as AddressInfo).port, pair, drain, metrics, audit, log };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: Json;
}

export interface Call {
  readonly method?: string;
  readonly path?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly agent?: Agent;
}

/** Calls over a connection of its own, unless an agent keeps one. */
export function call({ port, pair }: Pick<RunningApp, 'port' | 'pair'>, options: Call = {}): Promise<Answer> {
  const { method = 'POST', path = '/validate', body, headers = {}, agent } = options;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const where = { host: '127.0.0.1', port, ca: pair.ca, servername: 'localhost', agent: agent ?? false };
  const outgoing = request({ ...where, method, path, headers }, (incoming) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('error', reject);
    incoming.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, json: jsonIn(text) });
    });
  });
  outgoing.on('error', reject);
  outgoing.end(body);
  return promise;
}

function jsonIn(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}

/** The answer to a review: `response` of a 200. */
export async function ask(
  running: Pick<RunningApp, 'port' | 'pair'>,
  phase: 'mutate' | 'validate',
  review: Json,
): Promise<JsonObject> {
  const answer = await call(running, { path: `/${phase}?timeout=5s`, body: JSON.stringify(review) });
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`);
  return asObject(at(answer.json, 'response')) ?? {};
}

export function anObject(name: 'checkout-api' | 'catalog-go'): JsonObject {
  return parse(readFileSync(join(import.meta.dirname, `../objects/${name}.yaml`), 'utf8')) as JsonObject;
}

/** What the API server sends for a CREATE of the JVM Deployment, with what a test cares about on top. */
export function aReview(more: JsonObject = {}): JsonObject {
  return reviewOf(
    { group: 'apps', version: 'v1', kind: 'Deployment', resource: 'deployments' },
    {
      uid: 'a-review',
      name: 'checkout-api',
      namespace: 'prod-eu-central',
      operation: 'CREATE',
      userInfo: { username: 'developer', uid: 'u-1', groups: ['system:authenticated'], extra: { scopes: ['x'] } },
      object: anObject('checkout-api'),
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
      ...more,
    },
  );
}

/** A review changed in its text, where JSON.stringify would not write it. */
export function textOf(change: (text: string) => string): string {
  return change(JSON.stringify(aReview()));
}

/** The patch of an answer, decoded. */
export function patchIn(response: JsonObject): Json {
  const patch = response['patch'];
  return typeof patch === 'string' ? (JSON.parse(Buffer.from(patch, 'base64').toString('utf8')) as Json) : [];
}
