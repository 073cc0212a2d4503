import { readFileSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import t from 'tap';
import { loadPair, type CertificateFiles, type KeyPair } from '../../src/config/certificate.ts';
import { watchCertificates } from '../../src/server/certificates.ts';
import { makePair } from './pairs.ts';
import { call, startApp, type RunningApp } from './running-app.ts';

async function load(files: CertificateFiles): Promise<KeyPair> {
  const loaded = await loadPair(files);
  if (!loaded.ok) throw new Error(loaded.fault);
  return loaded.pair;
}

/** The serial number that a new connection is shown; verified against the CA. */
function serialShown({ port, pair }: RunningApp): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({ host: '127.0.0.1', port, ca: pair.ca, servername: 'localhost', session: undefined }, () => {
    resolve(socket.getPeerCertificate().serialNumber);
    socket.destroy();
  });
  socket.once('error', reject);
  return promise;
}

void t.test('a new pair is shown to new connections, and a bad one to nobody', async (t) => {
  const running = await startApp(t);
  const folder = join(running.pair.certFile, '..');
  const said: string[] = [];
  const watch = watchCertificates(running.pair, await load(running.pair), {
    intervalMs: 3_600_000,
    use: (next) => {
      said.push('used');
      running.app.server.setSecureContext({ cert: next.cert, key: next.key, minVersion: 'TLSv1.2' });
    },
    refused: (fault) => said.push(fault),
  });
  t.teardown(watch.stop);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  const first = await call(running, { method: 'GET', path: '/livez', agent });
  t.equal(first.status, 200);
  const [socket] = Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? []);
  t.equal(await serialShown(running), running.pair.serial);

  await watch.poll();
  t.strictSame(said, [], 'the same files are no news');
  const key = readFileSync(running.pair.keyFile);
  const next = makePair(folder);
  t.not(next.serial, running.pair.serial);
  await watch.poll();
  t.strictSame(said, ['used']);
  t.equal(await serialShown(running), next.serial);
  t.equal(watch.notAfterMs(), (await load(next)).notAfterMs);
  t.equal((await call(running, { method: 'GET', path: '/livez', agent })).status, 200, 'the old connection lives');
  t.equal(Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])[0], socket, 'and is the same');

  writeFileSync(next.keyFile, key);
  await watch.poll();
  await watch.poll();
  t.match(said, ['used', /not a certificate with its key/], 'a key that does not fit is told once');
  t.equal(await serialShown(running), next.serial, 'and changes nothing');
  writeFileSync(next.certFile, '');
  await watch.poll();
  t.equal(said.length, 3, 'another fault is told again');
  t.equal(await serialShown(running), next.serial);

  const healed = makePair(folder);
  await watch.poll();
  t.equal(said[3], 'used');
  t.equal(await serialShown(running), healed.serial);
});

void t.test('the same wrong files after good ones are told again', async (t) => {
  const folder = t.testdir();
  const files = makePair(folder);
  const [cert, key] = [readFileSync(files.certFile), readFileSync(files.keyFile)];
  const said: string[] = [];
  const watch = watchCertificates(files, await load(files), {
    intervalMs: 3_600_000,
    use: () => said.push('used'),
    refused: () => said.push('refused'),
  });
  t.teardown(watch.stop);
  for (const [content, expected] of [
    ['x', ['refused']],
    // Back to what was in use: told, so that an alarm ends.
    [cert, ['refused', 'used']],
    ['x', ['refused', 'used', 'refused']],
  ] as const) {
    writeFileSync(files.certFile, content);
    await watch.poll();
    t.strictSame(said, expected);
  }
  t.equal(key.toString(), readFileSync(files.keyFile, 'utf8'));
});

void t.test('it looks by itself until it is stopped', async (t) => {
  const folder = t.testdir();
  const files = makePair(folder);
  let used = 0;
  const watch = watchCertificates(files, await load(files), { intervalMs: 10, use: () => used++, refused: () => undefined });
  t.teardown(watch.stop);
  t.not(makePair(folder).serial, files.serial);
  const end = performance.now() + 20_000;
  while (used === 0 && performance.now() < end) await sleep(10);
  t.equal(used, 1, 'a change is found without being asked');
  watch.stop();
  makePair(folder);
  await sleep(100);
  t.equal(used, 1, 'and not any more');
});
