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
  /** The pages of one consistent list; an expired continue token is an ApiError with statusCode 410. */
  readonly pages: (path: string, query: Query, options: ReadOptions) => AsyncGenerator<JsonObject>;
  /** Resolves when the API server ends the watch. */
  readonly watch: (path: string, query: Query, options: WatchOptions) => Promise<void>;
  /** Cuts whatever is still going on. */
  readonly close: () => Promise<void>;
}

/** @param now milliseconds on any clock that does not jump */
export function createClient(kubeConfig: KubeConfig, now: () => number): Client {
  const connections = createConnections(kubeConfig, now);
  const watcher = new Watch(connections.config);
  const getJson: Client['getJson'] = async (path, query, options) => get(connections, urlOf(kubeConfig, path, query), options);
  return {
    getJson,
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

async function get(connections: Connections, url: string, { signal, timeoutMs }: ReadOptions): Promise<JsonObject> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const context = new RequestContext(url, HttpMethod.GET);
    context.setHeaderParam('Accept', 'application/json');
    context.setSignal(signal === undefined ? timeout : AbortSignal.any([signal, timeout]));
    await connections.config.applySecurityAuthentication(context);
    const response = await new IsomorphicFetchHttpLibrary().send(context).toPromise();
    const body = parse(await response.body.text());
    if (response.httpStatusCode !== 200) throw new ApiError(reasonOf(body), response.httpStatusCode);
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
