import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makePair } from '../server/pairs.ts';
import { bouncer } from './checking.ts';

const folder = t.testdir();
const pair = makePair(join(folder, 'one'));
const other = makePair(join(folder, 'other'));
const files = ['--tls-cert-file', pair.certFile, '--tls-private-key-file', pair.keyFile];

void t.test('certs check', async (t) => {
  const good = await bouncer(['certs', 'check', ...files, '--ca-file', join(folder, 'one/ca.crt')]);
  t.match(good, { code: 0, stderr: '' });
  t.match(good.stdout, /^ok: rollback-bouncer-webhook\.rollback-bouncer\.svc, valid until [^\n]+\n$/);

  const bad = await bouncer(['certs', 'check', ...files, '--ca-file', join(folder, 'other/ca.crt'), '--host', 'example.com']);
  t.equal(bad.code, 1);
  const lines = bad.stdout.trimEnd().split('\n');
  t.match(lines, [
    /tls\.crt: does not name example\.com; it names DNS:rollback-bouncer/,
    /tls\.crt: is not signed by .*other\/ca\.crt$/,
  ]);
  t.equal(lines.length, 2, 'all that is wrong, and nothing else');
});

void t.test('certs check of what cannot be read', async (t) => {
  const text = join(folder, 'text.crt');
  writeFileSync(text, 'hello');
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['--tls-cert-file', pair.certFile, '--tls-private-key-file', other.keyFile], /not a certificate with its key/],
    [['--tls-cert-file', join(folder, 'missing'), '--tls-private-key-file', pair.keyFile], /missing: cannot be read \(ENOENT\)/],
    [[...files, '--ca-file', join(folder, 'missing')], /missing: cannot be read \(ENOENT\)/],
    [[...files, '--ca-file', text], /text\.crt: not a certificate/],
  ];
  for (const [args, expected] of cases) {
    const { code, stdout, stderr } = await bouncer(['certs', 'check', ...args]);
    t.equal(code, 2);
    t.equal(stdout, '');
    t.match(stderr, /^rollback-bouncer: certs check: [^\n]+\n$/);
    t.match(stderr, expected);
  }
});

void t.test('certs make', async (t) => {
  const out = join(t.testdir(), 'certs');
  t.equal((await bouncer(['certs', 'make', '--out', out])).code, 0);
  t.strictSame(readdirSync(out).toSorted(), ['ca.crt', 'ca.key', 'tls.crt', 'tls.key']);
  const made = ['--tls-cert-file', join(out, 'tls.crt'), '--tls-private-key-file', join(out, 'tls.key')];
  t.equal((await bouncer(['certs', 'check', ...made, '--ca-file', join(out, 'ca.crt')])).code, 0);
  const refused = await bouncer(['certs', 'make', '--out', out, '--leaf-only', '--new-ca']);
  t.equal(refused.code, 2);
  t.match(refused.stderr, /^rollback-bouncer: certs make: .*choose one/);
});
