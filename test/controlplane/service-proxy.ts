import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';

/** Where an address leads: a port on loopback, or a place that accepts and never answers. */
export type Route = number | 'blackhole';

/** An HTTP CONNECT proxy that knows a fixed set of addresses and dials nothing but loopback. */
export interface ServiceProxy {
  /** `address` is `192.0.2.1:8443`. Open tunnels keep their old target. */
  set(address: string, route: Route): void;
  /** Forget an address (502 from now on) and break its open tunnels, as a lost node would. */
  delete(address: string): void;
  /** Break the open tunnels of an address, but keep the route. Returns how many there were. */
  cut(address: string): number;
  /** Open tunnels by address. */
  tunnels(address: string): number;
  /** Every address somebody asked for that had no route. */
  readonly refused: readonly string[];
  close(): Promise<void>;
}

/** Listen on a unix socket. It does not keep the event loop alive. */
export async function startServiceProxy(socketPath: string): Promise<ServiceProxy> {
  const routes = new Map<string, Route>();
  const open = new Map<string, Set<Duplex>>();
  const refused: string[] = [];
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on('connection', (socket) => socket.unref());
  server.on('connect', (request, client, head) => {
    const address = request.url ?? '';
    client.on('error', () => client.destroy());
    const route = routes.get(address);
    if (route === undefined) {
      refused.push(address);
      return void client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    }
    remember(open, address, client);
    if (route === 'blackhole') swallow(client);
    else tunnel(client, head, route);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  });
  server.unref();
  const cut = (address: string) => {
    const clients = [...(open.get(address) ?? [])];
    for (const client of clients) client.destroy();
    return clients.length;
  };
  return {
    set: (address, route) => void routes.set(address, route),
    delete: (address) => {
      routes.delete(address);
      cut(address);
    },
    cut,
    tunnels: (address) => open.get(address)?.size ?? 0,
    refused,
    close: async () => {
      for (const address of open.keys()) cut(address);
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

function remember(open: Map<string, Set<Duplex>>, address: string, client: Duplex): void {
  const clients = open.get(address) ?? new Set();
  open.set(address, clients.add(client));
  client.once('close', () => clients.delete(client));
}

function accept(client: Duplex): void {
  client.write('HTTP/1.1 200 OK\r\n\r\n');
}

/** Accept, read, and never answer; the tunnel ends when the other side gives up. */
function swallow(client: Duplex): void {
  accept(client);
  client.once('end', () => client.end());
  client.resume();
}

function tunnel(client: Duplex, head: Buffer, port: number): void {
  const upstream = connect({ port, host: '127.0.0.1', noDelay: true });
  upstream.unref();
  upstream.once('connect', () => {
    accept(client);
    if (head.length > 0) upstream.write(head);
    client.pipe(upstream).pipe(client);
  });
  upstream.on('error', () => {
    if (upstream.connecting || upstream.bytesRead === 0) client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    else client.destroy();
  });
  upstream.once('close', () => client.end());
  client.once('close', () => upstream.destroy());
}
