import { KubeConfig } from '@kubernetes/client-node';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { JsonObject } from '../../src/core/json.ts';

export interface Watching {
  readonly url: URL;
  readonly send: (type: string, object: JsonObject) => void;
  readonly raw: (text: string) => void;
  readonly end: () => void;
  readonly reset: () => void;
}

/** Answers a request itself and returns true, or leaves it to the fake. */
export type Trouble = (url: URL, response: ServerResponse, request: IncomingMessage) => boolean;

export interface FakeApi {
  readonly kubeConfig: KubeConfig;
  readonly objects: Map<string, JsonObject>;
  readonly watches: Watching[];
  readonly requests: URL[];
  readonly headers: IncomingMessage['headers'][];
  readonly put: (name: string, more?: JsonObject) => void;
  readonly remove: (name: string) => void;
  /** Changes nobody is told about, as if they had happened during a cut. */
  readonly quietly: (act: () => void) => void;
  readonly bookmark: () => void;
  version: number;
  trouble: Trouble | undefined;
  readonly sockets: Set<Socket>;
  readonly close: () => Promise<void>;
}

const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

export function status(code: number, reason: string): JsonObject {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code, reason, message: reason };
}

export function refuse(code: number, reason: string): Trouble {
  return (_url, response) => {
    json(response, code, status(code, reason));
    return true;
  };
}

/** An API server with objects of one kind (any path), lists in pages, and watches that are fed by `put` and `remove`. */
export async function fakeApi(): Promise<FakeApi> {
  const sockets = new Set<Socket>();
  let told = true;
  const announce = (type: string, object: JsonObject): void => {
    if (told) for (const watching of fake.watches) watching.send(type, object);
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://fake');
    fake.requests.push(url);
    fake.headers.push(request.headers);
    if (fake.trouble?.(url, response, request) === true) return;
    if (url.searchParams.get('watch') === 'true') watch(fake, url, response);
    else list(fake, url, response);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fake: FakeApi = {
    kubeConfig: kubeConfigFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    objects: new Map(),
    watches: [],
    requests: [],
    headers: [],
    version: 100,
    trouble: undefined,
    sockets,
    put: (name, more = {}) => {
      const type = fake.objects.has(name) ? 'MODIFIED' : 'ADDED';
      fake.version += 1;
      const metadata = {
        name,
        namespace: 'shop',
        uid: `uid-${name}`,
        resourceVersion: String(fake.version),
        ...(more['metadata'] as object),
      };
      const object = { ...more, metadata };
      fake.objects.set(name, object);
      announce(type, object);
    },
    remove: (name) => {
      const object = fake.objects.get(name);
      fake.objects.delete(name);
      fake.version += 1;
      if (object !== undefined)
        announce('DELETED', {
          ...object,
          metadata: { ...(object['metadata'] as JsonObject), resourceVersion: String(fake.version) },
        });
    },
    quietly: (act) => {
      told = false;
      act();
      told = true;
    },
    bookmark: () => {
      fake.version += 1;
      announce('BOOKMARK', { metadata: { resourceVersion: String(fake.version) } });
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fake;
}

function kubeConfigFor(server: string): KubeConfig {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromClusterAndUser({ name: 'fake', server, skipTLSVerify: true }, { name: 'fake', token: 'a-token' });
  return kubeConfig;
}

function list(fake: FakeApi, url: URL, response: ServerResponse): void {
  const from = Number(url.searchParams.get('continue') ?? 0);
  const limit = Number(url.searchParams.get('limit') ?? Infinity);
  const all = [...fake.objects.values()];
  const next = from + limit < all.length ? String(from + limit) : '';
  json(response, 200, {
    kind: 'List',
    metadata: { resourceVersion: String(fake.version), continue: next },
    items: all.slice(from, from + limit),
  });
}

function watch(fake: FakeApi, url: URL, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  const seconds = Number(url.searchParams.get('timeoutSeconds') ?? 60);
  const forget = (): void => {
    clearTimeout(timer);
    const index = fake.watches.indexOf(watching);
    if (index >= 0) fake.watches.splice(index, 1);
  };
  const watching: Watching = {
    url,
    raw: (text) => response.write(text),
    send: (type, object) => response.write(`${JSON.stringify({ type, object })}\n`),
    end: () => {
      forget();
      response.end();
    },
    reset: () => {
      forget();
      response.socket?.resetAndDestroy();
    },
  };
  const timer = setTimeout(watching.end, seconds * 1000);
  response.on('close', forget);
  fake.watches.push(watching);
}

export async function until(what: () => boolean, timeoutMs = 5000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!what()) {
    if (performance.now() > end) throw new Error(`never: ${what.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
