import { Agent } from 'node:https';
import t from 'tap';
import { createDrain } from '../../src/server/drain.ts';
import { someFacts } from '../core/samples.ts';
import { aReview, call, startApp, type Answer } from './running-app.ts';

const body = JSON.stringify(aReview());

void t.test('states only go forward', (t) => {
  const drain = createDrain();
  t.equal(drain.state(), 'serving');
  drain.leave();
  drain.leave();
  t.equal(drain.state(), 'leaving');
  drain.refuse();
  drain.leave();
  t.equal(drain.state(), 'refusing', 'nobody comes back');
  t.end();
});

void t.test('serving', async (t) => {
  const running = await startApp(t);
  const answer = await call(running, { body, agent: new Agent({ keepAlive: true }) });
  t.equal(answer.status, 200);
  t.equal(answer.headers.connection, 'keep-alive');
  t.equal((await call(running, { method: 'GET', path: '/readyz' })).status, 200);
});

void t.test('leaving: not ready, every call answered, each asked to open a new connection', async (t) => {
  const running = await startApp(t);
  running.drain.leave();
  for (const path of ['/mutate', '/validate']) {
    const answer = await call(running, { path, body, agent: new Agent({ keepAlive: true }) });
    t.match(answer, { status: 200, json: { response: { uid: 'a-review', allowed: true } } });
    t.equal(answer.headers.connection, 'close');
  }
  t.match(await call(running, { method: 'GET', path: '/readyz' }), { status: 503, text: 'not ready: shutting down\n' });
  t.equal((await call(running, { method: 'GET', path: '/livez' })).status, 200);
  t.equal(running.audit.length, 2);
});

void t.test('refusing: a call is sent back to be repeated elsewhere', async (t) => {
  const running = await startApp(t, { notReady: () => ['caches not synced'] });
  running.drain.refuse();
  for (const path of ['/mutate', '/validate?timeout=5s']) {
    const answer = await call(running, { path, body, agent: new Agent({ keepAlive: true }) });
    t.equal(answer.status, 503);
    t.equal(answer.headers['retry-after'], '1', 'whole seconds, or the API server does not repeat it');
    t.equal(answer.headers.connection, 'close');
  }
  t.strictSame(running.audit, [], 'what was not decided is not in the trail');
  const ready = await call(running, { method: 'GET', path: '/readyz' });
  t.equal(ready.text, 'not ready: shutting down, caches not synced\n');
  t.equal((await call(running, { method: 'GET', path: '/livez' })).status, 200);
  t.equal((await call(running, { method: 'GET', path: '/metrics' })).status, 200, 'the last numbers can be fetched');
});

void t.test('what is in flight is finished', async (t) => {
  const { promise: started, resolve: start } = Promise.withResolvers<undefined>();
  const { promise: known, resolve: know } = Promise.withResolvers<undefined>();
  const gather = async () => {
    start(undefined);
    await known;
    return someFacts();
  };
  const running = await startApp(t, { gather });
  const idle = new Agent({ keepAlive: true });
  await call(running, { method: 'GET', path: '/livez', agent: idle });
  const answering: Promise<Answer> = call(running, { body, agent: new Agent({ keepAlive: true }) });
  await started;
  running.drain.refuse();
  const closing = running.app.close();
  let closed = false;
  void closing.then(() => (closed = true));
  await t.rejects(call(running, { body }), 'new connections are not taken any more');
  t.notOk(closed, 'the application waits');
  know(undefined);
  t.match(await answering, { status: 200, headers: { connection: 'close' }, json: { response: { allowed: true } } });
  const answeredAt = performance.now();
  await closing;
  t.ok(performance.now() - answeredAt < 10_000, 'and is closed without waiting for idle connections');
  t.equal(running.audit.length, 1);
});
