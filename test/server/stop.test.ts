import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import t from 'tap';
import { at } from '../../src/core/json.ts';
import { fakeApi } from '../cluster/fake-api.ts';
import { eventually } from '../controlplane/eventually.ts';
import { makePair } from './pairs.ts';
import { aReview, call } from './running-app.ts';
import { install, nobody, serving, servingToFullDisk, type Serving } from './serving.ts';

const get = (one: Serving, path: string) => call(one, { method: 'GET', path });

/** A connection on which the head of a call was sent, and its answer once the body follows. */
async function halfACall(one: Serving, body: string): Promise<{ readonly socket: TLSSocket; readonly answer: Promise<string> }> {
  const connected = Promise.withResolvers<undefined>();
  const answered = Promise.withResolvers<string>();
  const socket = connect({ host: '127.0.0.1', port: one.port, ca: one.pair.ca, servername: 'localhost' }, () =>
    connected.resolve(undefined),
  );
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  socket.on('error', () => undefined);
  socket.on('close', () => answered.resolve(text));
  await connected.promise;
  socket.write(`POST /mutate?timeout=5s HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`);
  return { socket, answer: answered.promise };
}

void t.test('without an API server it lives, is not ready, and answers', async (t) => {
  const one = await serving(t, install(t, nobody), { '--drain-seconds': '0' });
  t.match(await get(one, '/livez'), { status: 200, text: 'ok\n' });
  t.match(await get(one, '/readyz'), { status: 503, text: 'not ready: caches not synced\n' });
  const answer = await call(one, { path: '/mutate?timeout=3s', body: JSON.stringify(aReview()) });
  t.equal(answer.status, 200, 'it answers');
  t.notOk(
    JSON.stringify(at(answer.json, 'response')).includes('patch'),
    'a namespace nobody knows may have asked to be left alone',
  );
  await one.process.waitForLine(() => true);
  t.match(one.process.records(), [
    { schema: 'rollback-bouncer.dev/audit/v1', verdict: 'allow', facts: { namespaceLabels: { unknown: /./ } } },
  ]);
  t.equal(one.process.lines().length, 1, 'standard output holds the audit trail and nothing else');
  t.equal(await one.process.stop('SIGTERM'), 0);
});

void t.test('with one it becomes ready, and SIGTERM loses nothing', async (t) => {
  const api = await fakeApi();
  t.teardown(() => api.close());
  const one = await serving(t, install(t, api.kubeConfig.getCurrentCluster()?.server ?? ''), { '--drain-seconds': '1' });
  await eventually(async () => (await get(one, '/readyz')).status === 200, { what: '200 from /readyz', intervalMs: 50 });

  const body = JSON.stringify(aReview({ uid: 'in-flight' }));
  const half = await halfACall(one, body);
  half.socket.write(body.slice(0, 100));
  await sleep(100);
  one.process.signal('SIGTERM');
  await eventually(() => one.logged('draining').length === 1, { what: 'the line "draining"', intervalMs: 10 });
  one.process.signal('SIGTERM');

  const leaving = await call(one, { path: '/validate', body: JSON.stringify(aReview({ uid: 'leaving' })) }).catch(
    () => undefined,
  );
  if (leaving !== undefined)
    t.match(leaving, { status: 200, headers: { connection: 'close' } }, 'calls are answered while endpoints change');
  await eventually(
    () =>
      get(one, '/livez').then(
        () => false,
        () => true,
      ),
    { what: 'the end of listening', intervalMs: 50 },
  );
  t.equal(one.process.exitCode(), undefined, 'it waits for the call in flight');
  half.socket.write(body.slice(100));
  const answer = await half.answer;
  t.match(answer, /^HTTP\/1\.1 200 OK/);
  t.match(answer, /"uid":"in-flight","allowed":true/);
  t.equal(await one.process.waitForExit(), 0);
  t.ok(
    one.process.records().some(({ decisionId }) => decisionId === 'in-flight'),
    'and its line is there',
  );
  t.equal(one.logged('stopped').length, 1);
  t.equal(one.logged('draining').length, 1, 'a second signal changes nothing');
});

void t.test('SIGINT ends it as well, and at once when there is nothing to wait for', async (t) => {
  const one = await serving(t, install(t, nobody), { '--drain-seconds': '0' });
  t.equal(await one.process.stop('SIGINT'), 0);
});

void t.test('a client that never ends does not keep it for ever', async (t) => {
  const one = await serving(t, install(t, nobody), { '--drain-seconds': '0' });
  const half = await halfACall(one, 'x');
  one.process.signal('SIGTERM');
  t.equal(await one.process.waitForExit(40_000), 0);
  t.notMatch(await half.answer, / 200 /);
});

void t.test('certificates are replaced while it runs', async (t) => {
  const here = install(t, nobody);
  const one = await serving(t, here);
  const loads = async (result: string) => {
    const { text } = await get(
      { ...one, pair: { ...one.pair, ca: readFileSync(join(here.folder, 'certs/ca.crt'), 'utf8') } },
      '/metrics',
    );
    return Number(
      new RegExp(`^rollback_bouncer_certificate_loads_total\\{result="${result}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0,
    );
  };
  t.equal(await loads('ok'), 1);
  const key = readFileSync(here.pair.keyFile);
  makePair(join(here.folder, 'certs'));
  await eventually(() => one.logged('certificate replaced').length > 0, { what: 'the new certificate' });
  t.equal(await loads('ok'), 2);
  writeFileSync(here.pair.keyFile, key);
  await eventually(() => one.logged('new certificate refused, the old one keeps serving').length > 0, { what: 'the refusal' });
  t.equal(await loads('refused'), 1);
  t.equal((await get(one, '/livez')).status, 200);
});

void t.test('a full disk does not take the door away', async (t) => {
  const one = await servingToFullDisk(t, install(t, nobody));
  for (const uid of ['a', 'b', 'c']) {
    const answer = await call(one, { path: '/mutate', body: JSON.stringify(aReview({ uid })) });
    t.match(answer, { status: 200, json: { response: { uid, allowed: true } } });
  }
  const { text } = await get(one, '/metrics');
  t.ok(Number(/^rollback_bouncer_audit_write_failures_total (\d+)$/m.exec(text)?.[1] ?? 0) > 0, 'it is counted');
  t.ok(
    one.process.errorLines().some((line) => line.includes('ENOSPC')),
    'and said',
  );
});
