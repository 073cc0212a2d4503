import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { join } from 'node:path';
import { makeCertificate } from '../controlplane/certificate.ts';
import type { Plane } from '../controlplane/plane.ts';

/** What is between the webhook and its API server, request by request. */
export interface ApiLine {
  /** The plane as the webhook sees it: through the line. */
  readonly plane: Plane;
  /** Watches say nothing any more, and no new one begins; what is asked otherwise is answered. */
  readonly deafen: () => void;
  /** Nothing is answered. */
  readonly freeze: () => void;
  readonly heal: () => void;
  /** Does every watch that there was go on? */
  readonly isHeard: () => boolean;
  /** What was asked since the last call, watches left out: `/api/v1/namespaces/prod-eu-central`. */
  readonly asked: () => readonly string[];
  readonly close: () => void;
}

type State = 'open' | 'deaf' | 'frozen';

/** Ends TLS and begins it again: only so can a watch be told from a read. */
export async function apiLine(plane: Plane): Promise<ApiLine> {
  const certificate = await makeCertificate(['localhost']);
  const { hostname, port } = new URL(plane.server);
  const agent = new Agent({ keepAlive: true, ca: readFileSync(plane.folder.caFile) });
  let state: State = 'open';
  let asked: string[] = [];
  const watches = new Map<string, number>();
  const sockets = new Set<Duplex>();
  const passes = (isWatch: boolean): boolean => state === 'open' || (state === 'deaf' && !isWatch);
  const server = createServer({ cert: certificate.cert, key: certificate.key }, (incoming, answer) => {
    const url = incoming.url ?? '';
    const isWatch = /[?&]watch=(true|1)/.test(url);
    const path = url.replace(/\?.*/, '');
    if (!isWatch) asked.push(path);
    if (!passes(isWatch)) return;
    const { method } = incoming;
    const headers = { ...incoming.headers };
    // It would be taken for the name in the API server's certificate.
    delete headers.host;
    if (isWatch) {
      watches.set(path, (watches.get(path) ?? 0) + 1);
      answer.on('close', () => watches.set(path, (watches.get(path) ?? 1) - 1));
    }
    const outgoing = request({ agent, hostname, port, path: url, method, headers }, (found) =>
      handOn(found, answer, () => passes(isWatch)),
    );
    outgoing.on('error', () => answer.destroy());
    answer.on('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'line',
    clusters: [
      {
        name: 'line',
        cluster: {
          server: `https://localhost:${(server.address() as AddressInfo).port}`,
          'certificate-authority-data': certificate.caBundle,
        },
      },
    ],
    users: [{ name: 'webhook', user: { token: plane.users.get('webhook')!.token } }],
    contexts: [{ name: 'line', context: { cluster: 'line', user: 'webhook' } }],
  };
  const file = join(plane.folder.kubeconfigs, 'webhook-through-the-line');
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return {
    plane: { ...plane, kubeconfig: (user) => (user === 'webhook' ? file : plane.kubeconfig(user)) },
    deafen: () => (state = 'deaf'),
    freeze: () => (state = 'frozen'),
    heal: () => {
      state = 'open';
      // What was held back is lost: a connection that lived through it would go on with a hole.
      for (const socket of sockets) socket.destroy();
    },
    isHeard: () => [...watches.values()].every((open) => open > 0),
    asked: () => {
      const before = asked;
      asked = [];
      return before;
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      agent.destroy();
    },
  };
}

/** Piece by piece; what comes while it may not pass is lost, the end as well. */
function handOn(found: IncomingMessage, answer: ServerResponse, passes: () => boolean): void {
  if (!passes()) return;
  answer.writeHead(found.statusCode ?? 502, found.headers);
  found.on('data', (chunk: Buffer) => {
    if (passes()) answer.write(chunk);
  });
  found.on('end', () => {
    if (passes()) answer.end();
  });
  found.on('error', () => answer.destroy());
}
