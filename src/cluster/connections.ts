import type { KubeConfig, RequestContext } from '@kubernetes/client-node';
import { ApiError, toApiError } from './api-error.ts';

type Dispatcher = NonNullable<ReturnType<RequestContext['getDispatcher']>>;

/** The kubeconfig with one pool of connections for all requests, instead of a new one (and a new TLS handshake) for each. */
export interface Connections {
  readonly config: KubeConfig;
  /** Turns anything thrown by a request into an ApiError and throws it; the next request opens new connections. */
  readonly failed: (error: unknown) => never;
  readonly close: () => Promise<void>;
}

/** Certificates and keys are files that are rotated: no pool lives longer than this. */
const poolMs = 60_000;

export function createConnections(kubeConfig: KubeConfig, now: () => number): Connections {
  let pool: { readonly dispatcher: Dispatcher; readonly since: number } | undefined;
  const retired = new Set<Dispatcher>();
  let closed = false;

  const retire = (): void => {
    const dispatcher = pool?.dispatcher;
    pool = undefined;
    if (dispatcher === undefined) return;
    retired.add(dispatcher);
    // Lets the requests that are under way end, then closes their connections.
    void dispatcher
      .close()
      .catch(() => undefined)
      .finally(() => retired.delete(dispatcher));
  };
  const applySecurityAuthentication = async (context: RequestContext): Promise<void> => {
    await kubeConfig.applySecurityAuthentication(context);
    if (closed) throw new ApiError('stopped');
    const fresh = context.getDispatcher();
    if (fresh === undefined) return;
    if (pool !== undefined && now() - pool.since > poolMs) retire();
    pool ??= { dispatcher: fresh, since: now() };
    context.setDispatcher(pool.dispatcher);
  };
  const failed = (error: unknown): never => {
    const apiError = toApiError(error);
    if (apiError.statusCode === undefined || apiError.statusCode === 401) retire();
    throw apiError;
  };
  const close = async (): Promise<void> => {
    closed = true;
    retire();
    await Promise.allSettled([...retired].map((dispatcher) => dispatcher.destroy()));
  };
  return { config: Object.assign(Object.create(kubeConfig) as KubeConfig, { applySecurityAuthentication }), failed, close };
}
