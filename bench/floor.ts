/**
 * The least that any Node webhook does: TLS, read the body, parse it, answer a review. No policy, no log.
 *
 *   node bench/floor.ts CERT KEY PORT [patch]
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

const [cert = '', key = '', port = '0', patched] = process.argv.slice(2);
const probe = {
  httpGet: { path: '/health/ready', port: 8080, scheme: 'HTTP' },
  periodSeconds: 10,
  failureThreshold: 30,
  timeoutSeconds: 5,
  successThreshold: 1,
};
const patch = JSON.stringify([{ op: 'add', path: '/spec/template/spec/containers/0/startupProbe', value: probe }]);
const constant = patched === 'patch' ? { patchType: 'JSONPatch', patch: Buffer.from(patch).toString('base64') } : {};

const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (call, answer) => {
  const chunks: Buffer[] = [];
  call.on('data', (chunk: Buffer) => chunks.push(chunk));
  call.on('end', () => {
    const review = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { readonly request: { readonly uid: string } };
    const response = { uid: review.request.uid, allowed: true, ...constant };
    const body = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response });
    answer.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body);
  });
});
server.keepAliveTimeout = 120_000;
server.listen(Number(port), '127.0.0.1');
