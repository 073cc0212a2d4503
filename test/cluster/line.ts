import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A TCP line to a port on loopback, which can be cut, or go dead without a word. */
export interface Line {
  readonly port: number;
  /** Resets what is open and refuses what comes. */
  readonly cut: () => void;
  /** Takes everything and passes nothing on: neither data nor an end. */
  readonly freeze: () => void;
  readonly heal: () => void;
  readonly close: () => void;
}

export async function lineTo(port: number): Promise<Line> {
  let state: 'open' | 'cut' | 'frozen' = 'open';
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    if (state === 'cut') {
      near.resetAndDestroy();
      return;
    }
    const far = connect(port, '127.0.0.1');
    join(near, far);
    join(far, near);
  });
  const join = (from: Socket, to: Socket): void => {
    sockets.add(from);
    from.on('data', (chunk) => state === 'open' && to.write(chunk));
    from.on('error', () => undefined);
    from.on('close', () => {
      sockets.delete(from);
      if (state !== 'frozen') to.destroy();
    });
  };
  const reset = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      state = 'cut';
      reset();
    },
    freeze: () => {
      state = 'frozen';
    },
    heal: () => {
      // What was swallowed is lost: a connection that lived through it would go on with a hole.
      if (state === 'frozen') reset();
      state = 'open';
    },
    close: () => server.close(),
  };
}
