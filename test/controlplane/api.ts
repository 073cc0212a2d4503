import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import type { KnownUser } from './users.ts';

/** How to call the API server; `body` is sent as JSON unless it is a string. */
export interface ApiCall {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  readonly user?: string;
  readonly contentType?: string;
  readonly timeoutMs?: number;
  /** true: the call must fail; 'either': both are fine. Default: it must succeed. */
  readonly expectFailure?: boolean | 'either';
}

/** What the API server answered; `body` is parsed when it is JSON. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly text: string;
}

/** A raw call to the API server. */
export type Api = (path: string, call?: ApiCall) => Promise<ApiAnswer>;

/** Where the API server is and who may call it. */
export interface ApiTarget {
  readonly port: number;
  readonly caFile: string;
  readonly users: ReadonlyMap<string, KnownUser>;
}

/** A client with keep-alive connections, for what kubectl cannot do: status subresources, bulk creation. */
export function makeApi({ port, caFile, users }: ApiTarget): { readonly api: Api; readonly close: () => void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 64, ca: readFileSync(caFile) });
  const api: Api = async (path, call = {}) => {
    const user = users.get(call.user ?? 'admin');
    if (!user) throw new Error(`unknown user ${call.user ?? ''}: this plane has ${[...users.keys()].join(', ')}`);
    const answer = await send(agent, port, path, user.token, call);
    const failed = answer.status >= 400;
    const expected = call.expectFailure ?? false;
    if (expected !== 'either' && failed !== expected)
      throw new Error(`${call.method ?? 'GET'} ${path} as ${user.name}: unexpected status ${answer.status}: ${answer.text}`);
    return answer;
  };
  return { api, close: () => agent.destroy() };
}

function send(agent: Agent, port: number, path: string, token: string, call: ApiCall): Promise<ApiAnswer> {
  const { method = 'GET', body, timeoutMs = 60_000 } = call;
  const payload = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  const fallbackType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const headers = {
    authorization: `Bearer ${token}`,
    accept: 'application/json',
    ...(payload === undefined
      ? {}
      : { 'content-type': call.contentType ?? fallbackType, 'content-length': Buffer.byteLength(payload) }),
  };
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent, host: '127.0.0.1', port, path, method, headers, timeout: timeoutMs }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.once('error', reject);
      incoming.once('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: incoming.statusCode ?? 0, text, body: parse(text) });
      });
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error(`${method} ${path}: no answer within ${timeoutMs} ms`)));
    outgoing.once('error', reject);
    outgoing.end(payload);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
