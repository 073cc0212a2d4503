import { fastify, type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Server } from 'node:https';
import { admit, type AdmitContext } from './admit.ts';
import type { KeyPair } from '../config/certificate.ts';
import type { Drain } from './drain.ts';

/** An update carries the object twice, each up to the API server's limit of 3 MiB, and JSON escapes inflate. */
const bodyLimitBytes = 12 * 1024 * 1024;
/** Longer than the API server's 90 s, so that it is never us who closes an idle connection under a call. */
const keepAliveMs = 120_000;

export interface AppContext extends AdmitContext {
  readonly pair: KeyPair;
  readonly drain: Drain;
  /** Empty when ready, else what is missing. */
  readonly notReady: () => readonly string[];
}

export type App = FastifyInstance<Server>;

/** The HTTPS application: two admission routes, health and metrics, nothing else, on HTTP/1.1 and without redirects. */
export function createApp(context: AppContext): App {
  const app = fastify({
    https: {
      cert: context.pair.cert,
      key: context.pair.key,
      minVersion: 'TLSv1.2',
      handshakeTimeout: 10_000,
      headersTimeout: 10_000,
      connectionsCheckingInterval: 2_000,
    },
    bodyLimit: bodyLimitBytes,
    requestTimeout: 15_000,
    keepAliveTimeout: keepAliveMs,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
  }) as unknown as App;
  anyContentType(app);
  drainHook(app, context.drain);
  app.setErrorHandler((error: FastifyError, _call, reply) => answerError(error, reply, context));
  app.setNotFoundHandler((_call, reply) => reply.code(404).send({ error: 'no such path' }));
  app.post('/mutate', admit('mutate', context));
  app.post('/validate', admit('validate', context));
  health(app, context);
  return app;
}

/** The body is bytes, whatever the header says: what it is, the codec decides. A compressed one nobody sends. */
function anyContentType(app: App): void {
  app.addHook('onRequest', (call, reply, done) => {
    const encoding = call.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') {
      void reply.code(415).send({ error: 'content-encoding is not supported' });
      return;
    }
    call.raw.headers['content-type'] = 'application/json';
    done();
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_call, body, done) => done(null, body));
}

function drainHook(app: App, drain: Drain): void {
  app.addHook('onRequest', (call, reply, done) => {
    if (drain.state() === 'refusing' && call.method === 'POST') {
      void reply.code(503).header('retry-after', '1').send({ error: 'shutting down' });
      return;
    }
    done();
  });
  // When it is sent, not when it came: the answer to a call in flight must not leave an idle connection that closing waits for.
  app.addHook('onSend', (_call, reply, payload, done) => {
    if (drain.state() !== 'serving') void reply.header('connection', 'close');
    done(null, payload);
  });
}

function health(app: App, { drain, notReady, metrics }: AppContext): void {
  app.get('/livez', (_call, reply) => reply.type('text/plain').send('ok\n'));
  app.get('/readyz', (_call: FastifyRequest, reply: FastifyReply) => {
    const missing = drain.state() === 'serving' ? notReady() : ['shutting down', ...notReady()];
    return reply
      .code(missing.length === 0 ? 200 : 503)
      .type('text/plain')
      .send(missing.length === 0 ? 'ok\n' : `not ready: ${missing.join(', ')}\n`);
  });
  app.get('/metrics', async (_call, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()));
}

function answerError(error: FastifyError, reply: FastifyReply, { log, metrics }: AppContext): FastifyReply {
  const status = error.statusCode ?? 500;
  metrics.rejected(status);
  if (status >= 500) log.error({ err: error }, 'call failed');
  const text =
    status === 413 ? `the body is larger than ${bodyLimitBytes} bytes` : status >= 500 ? 'internal error' : error.message;
  return reply.code(status).send({ error: text });
}
