import { HttpMethod, IsomorphicFetchHttpLibrary, RequestContext, Watch, type KubeConfig } from '@kubernetes/client-node';
import { asObject, asText, at, own, type JsonObject } from '../core/json.ts';
import { ApiError } from './api-error.ts';
import { createConnections, type Connections } from './connections.ts';
import { runWatch, type WatchOptions } from './watch.ts';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface ReadOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs: number;
}

/** The API server as raw JSON. Every failure is an ApiError. */
export interface Client {
  readonly getJson: (path: string, query: Query, options: ReadOptions) => Promise<JsonObject>;
  /** Creates; gives what the API server made of the body. */
  readonly postJson: (path: string, query: Query, body: JsonObject, options: ReadOptions) => Promise<JsonObject>;
  /** The pages of one consistent list; an expired continue token is an ApiError with statusCode 410. */
  readonly pages: (path: string, query: Query, options: ReadOptions) => AsyncGenerator<JsonObject>;
  /** Resolves when the API server ends the watch. */
  readonly watch: (path: string, query: Query, options: WatchOptions) => Promise<void>;
  /** Cuts whatever is still going on. */
  readonly close: () => Promise<void>;
}

/** Read, or created; a 202 only says that something may happen. */
const successes: ReadonlySet<number> = new Set([200, 201]);

/** @param now milliseconds on any clock that does not jump */
export function createClient(kubeConfig: KubeConfig, now: () => number): Client {
  const connections = createConnections(kubeConfig, now);
  const watcher = new Watch(connections.config);
  const getJson: Client['getJson'] = async (path, query, options) =>
    exchange(connections, new RequestContext(urlOf(kubeConfig, path, query), HttpMethod.GET), options);
  return {
    getJson,
    postJson: async (path, query, body, options) => {
      const context = new RequestContext(urlOf(kubeConfig, path, query), HttpMethod.POST);
      context.setHeaderParam('Content-Type', 'application/json');
      context.setBody(JSON.stringify(body));
      return exchange(connections, context, options);
    },
    pages: (path, query, options) => pages(getJson, path, query, options),
    watch: (path, query, options) => runWatch(watcher, path, query, options).catch((error: unknown) => connections.failed(error)),
    close: () => connections.close(),
  };
}

function urlOf(kubeConfig: KubeConfig, path: string, query: Query): string {
  const server = kubeConfig.getCurrentCluster()?.server;
  if (server === undefined) throw new ApiError('no cluster in the kubeconfig');
  const url = new URL(server.replace(/\/$/, '') + path);
  for (const [key, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(key, String(value));
  return url.href;
}

async function exchange(
  connections: Connections,
  context: RequestContext,
  { signal, timeoutMs }: ReadOptions,
): Promise<JsonObject> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    context.setHeaderParam('Accept', 'application/json');
    context.setSignal(signal === undefined ? timeout : AbortSignal.any([signal, timeout]));
    await connections.config.applySecurityAuthentication(context);
    const response = await new IsomorphicFetchHttpLibrary().send(context).toPromise();
    const body = parse(await response.body.text());
    if (!successes.has(response.httpStatusCode)) throw new ApiError(reasonOf(body), response.httpStatusCode);
    if (body === undefined) throw new ApiError('odd answer');
    return body;
  } catch (error) {
    if (timeout.aborted) throw new ApiError('timeout', undefined, error);
    return connections.failed(error);
  }
}

async function* pages(getJson: Client['getJson'], path: string, query: Query, options: ReadOptions): AsyncGenerator<JsonObject> {
  let token: string | undefined;
  do {
    const page = await getJson(path, { ...query, continue: token }, options);
    yield page;
    token = asText(at(page, 'metadata', 'continue')) ?? '';
  } while (token !== '');
}

function parse(text: string): JsonObject | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The reason of a Status such as `Forbidden` or `Expired`; an unknown path is answered in plain text. */
function reasonOf(body: JsonObject | undefined): string {
  return asText(own(body, 'reason')) ?? 'refused';
}
