import { connect as connectTcp, type Socket } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import fc from 'fast-check';
import t from 'tap';
import { aReview, call, startApp, type RunningApp } from './running-app.ts';

const running = await startApp(t);

/** A TLS connection after its handshake. */
function secure({ port, pair }: RunningApp, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const socket = connect({ host: '127.0.0.1', port, ca: pair.ca, servername: 'localhost', ...options }, () => resolve(socket));
  socket.once('error', reject);
  return promise;
}

/** Everything that comes until the other side closes. */
async function rest(socket: Socket): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  socket.on('close', () => resolve(undefined));
  await promise;
  return text;
}

void t.test('time limits: never shorter than the API server waits, never without end', (t) => {
  const { keepAliveTimeout, headersTimeout, requestTimeout, timeout } = running.app.server;
  t.equal(keepAliveTimeout, 120_000, 'longer than the 90 s of the API server');
  t.equal(headersTimeout, 10_000);
  t.equal(requestTimeout, 15_000);
  t.equal(timeout, 0, 'a connection that is used lives');
  t.end();
});

void t.test('the offer is HTTP/1.1 over TLS 1.2 or 1.3', async (t) => {
  const both = await secure(running, { ALPNProtocols: ['h2', 'http/1.1'] });
  t.equal(both.alpnProtocol, 'http/1.1');
  t.equal(both.getProtocol(), 'TLSv1.3');
  both.destroy();
  await t.rejects(secure(running, { ALPNProtocols: ['h2'] }), 'nobody talks HTTP/2 to us');
  const twelve = await secure(running, { maxVersion: 'TLSv1.2' });
  t.equal(twelve.getProtocol(), 'TLSv1.2');
  twelve.destroy();
  await t.rejects(secure(running, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }), 'nothing older');
  await t.rejects(secure(running, { ca: [] }), 'whoever does not know the CA does not trust us');
});

void t.test('plain HTTP gets nothing', async (t) => {
  const socket = connectTcp(running.port, '127.0.0.1');
  socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
  t.notMatch(await rest(socket), /ok|200/);
});

void t.test('no path redirects, and only the known ones answer', async (t) => {
  const paths = [
    '/',
    '//mutate',
    '/mutate/',
    '/validate/',
    '/livez/',
    '/readyz//',
    '/mutate/..',
    '/%2e%2e/mutate',
    '/MUTATE',
    '/metrics/x',
    '/%',
    '/?x',
  ];
  for (const path of paths)
    for (const method of ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']) {
      const { status, headers, text } = await call(running, { method, path });
      t.ok(status >= 400 && status < 500, `${method} ${path}: ${status}`);
      t.equal(headers.location, undefined);
      t.notMatch(text, /node_modules|at .*\.ts/, 'and shows nothing of the inside');
    }
  for (const [method, path] of [
    ['GET', '/mutate'],
    ['PUT', '/validate'],
    ['HEAD', '/livez'],
    ['POST', '/readyz'],
  ] as const)
    t.equal((await call(running, { method, path })).status, 404, `${method} ${path}`);
  const segment = fc.stringMatching(/^[a-zA-Z0-9%./?#;:@=&~-]{0,20}$/);
  await fc.assert(
    fc.asyncProperty(segment, fc.constantFrom('GET', 'POST'), async (path, method) => {
      const { status } = await call(running, { method, path: `/${path}` });
      return status < 300 || status >= 400;
    }),
    { numRuns: 60 },
  );
});

void t.test('one connection carries many calls', async (t) => {
  const socket = await secure(running);
  const body = JSON.stringify(aReview());
  const one = `POST /mutate?timeout=5s HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const last = one.replace('Host:', 'Connection: close\r\nHost:');
  socket.write(one + one + last);
  const text = await rest(socket);
  t.equal(text.split('HTTP/1.1 200 OK').length - 1, 3);
  t.equal(text.split('"uid":"a-review"').length - 1, 3);
});

const megabyte = 1024 * 1024;

void t.test('H20: a body over the limit is cut off', async (t) => {
  const declared = await secure(running);
  declared.write(`POST /mutate HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${64 * megabyte}\r\n\r\n{"apiVersion"`);
  t.match(await rest(declared), /^HTTP\/1\.1 413 [^]*"the body is larger than 12582912 bytes"/);

  const chunked = await secure(running);
  const answered = rest(chunked);
  chunked.write('POST /mutate HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n');
  const chunk = Buffer.from(`${megabyte.toString(16)}\r\n${' '.repeat(megabyte)}\r\n`);
  for (let sent = 0; sent < 64; sent++) chunked.write(chunk);
  t.match(await answered, /^HTTP\/1\.1 413 |^$/, 'said, or cut while the client still writes');

  const body = JSON.stringify(aReview()).padEnd(12 * megabyte, ' ');
  t.equal((await call(running, { path: '/mutate', body })).status, 200, 'exactly the limit is taken');
  t.equal((await call(running, { path: '/mutate', body: `${body.slice(0, -1)}  ` }).catch(() => ({ status: 413 }))).status, 413);
  t.equal((await call(running, { method: 'GET', path: '/livez' })).status, 200);
});

void t.test('H20: compressed bodies are refused', async (t) => {
  for (const encoding of ['gzip', 'br', 'deflate', 'gzip, identity', 'x']) {
    const answer = await call(running, { body: JSON.stringify(aReview()), headers: { 'content-encoding': encoding } });
    t.match(answer, { status: 415, json: { error: 'content-encoding is not supported' } });
  }
});

void t.test('what is not HTTP is answered shortly', async (t) => {
  const before = running.audit.length;
  for (const text of [
    '\0\0\0\0\r\n\r\n',
    'GET\r\n\r\n',
    'POST /mutate HTTP/1.1\r\nContent-Length: x\r\n\r\n',
    `GET /${'x'.repeat(100_000)} HTTP/1.1\r\n\r\n`,
  ]) {
    const socket = await secure(running);
    socket.write(text);
    t.match(await rest(socket), /^HTTP\/1\.1 4\d\d /);
  }
  t.equal(running.audit.length, before);
});

void t.test('H20: clients that say too little too slowly are cut', async (t) => {
  const slow = await startApp(t);
  slow.app.server.headersTimeout = 300;
  slow.app.server.requestTimeout = 600;
  const silent = await secure(slow);
  const header = await secure(slow);
  const body = await secure(slow);
  const patient = await secure(slow);
  const drip = setInterval(() => header.write('x'), 50);
  header.write('POST /mutate HTTP/1.1\r\nX-Slow: ');
  body.write('POST /mutate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n');
  patient.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
  let open = true;
  void rest(patient).then(() => (open = false));
  for (const text of await Promise.all([rest(silent), rest(header), rest(body)])) t.match(text, /^HTTP\/1\.1 408 /);
  clearInterval(drip);
  t.equal((await call(slow, { method: 'GET', path: '/livez' })).status, 200, 'others are served');
  t.ok(open, 'and who waits between two calls is not cut');
  t.strictSame(slow.audit, []);
});

void t.test('who never finishes the handshake is cut', async (t) => {
  const socket = connectTcp(running.port, '127.0.0.1');
  const started = performance.now();
  await rest(socket);
  t.ok(performance.now() - started < 60_000, 'long before the two minutes that are the default of Node');
});
