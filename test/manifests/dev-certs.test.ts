import { X509Certificate, createPrivateKey } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { makeCerts } from './rendered.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const read = (folder: string, file: string) => readFileSync(path.join(folder, file));
const certificate = (folder: string, file: string) => new X509Certificate(read(folder, file));
const inDays = (text: string) => (Date.parse(text) - Date.now()) / dayMs;

void t.test('what it makes', (t) => {
  const out = path.join(t.testdir(), 'certs');
  makeCerts('--out', out);
  t.strictSame(readdirSync(out).sort(), ['ca.crt', 'ca.key', 'tls.crt', 'tls.key'], 'nothing is left lying around');
  for (const key of ['ca.key', 'tls.key']) t.equal(statSync(path.join(out, key)).mode & 0o777, 0o600, `${key} is private`);

  const [ca, leaf] = [certificate(out, 'ca.crt'), certificate(out, 'tls.crt')];
  t.ok(ca.ca, 'the CA is one');
  t.notOk(leaf.ca, 'the leaf is none');
  t.ok(leaf.verify(ca.publicKey) && leaf.checkIssued(ca), 'the CA signed the leaf');
  for (const [file, owner] of [['ca.key', ca] as const, ['tls.key', leaf] as const])
    t.ok(owner.checkPrivateKey(createPrivateKey(read(out, file))), `${file} fits`);
  const host = 'rollback-bouncer-webhook.rollback-bouncer.svc';
  for (const name of [host, `${host}.cluster.local`, 'localhost']) t.equal(leaf.checkHost(name, { subject: 'never' }), name);
  t.equal(leaf.checkIP('127.0.0.1'), '127.0.0.1');
  t.strictSame(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1'], 'for servers only');
  t.ok(inDays(ca.validTo) > 3600, 'ten years');
  t.ok(inDays(leaf.validTo) > 29 && inDays(leaf.validTo) < 31, 'thirty days');
  for (const { validFrom } of [ca, leaf]) {
    const minutes = (Date.now() - Date.parse(validFrom)) / minuteMs;
    t.ok(minutes > 4 && minutes < 7, 'valid since five minutes ago');
  }
  t.end();
});

void t.test('the CA stays as long as it is good', (t) => {
  const out = t.testdir();
  makeCerts('--out', out);
  const first = { ca: read(out, 'ca.crt'), leaf: read(out, 'tls.crt') };

  makeCerts('--out', out);
  t.strictSame(read(out, 'ca.crt'), first.ca, 'a second run keeps the CA');
  t.notSame(read(out, 'tls.crt'), first.leaf, 'and renews the leaf');

  const second = read(out, 'tls.crt');
  makeCerts('--out', out, '--leaf-only');
  t.strictSame(read(out, 'ca.crt'), first.ca);
  t.notSame(read(out, 'tls.crt'), second, '--leaf-only renews the leaf');
  t.ok(certificate(out, 'tls.crt').verify(certificate(out, 'ca.crt').publicKey), 'under the same CA');

  makeCerts('--out', out, '--new-ca');
  t.notSame(read(out, 'ca.crt'), first.ca, '--new-ca replaces it');
  t.notOk(new X509Certificate(second).verify(certificate(out, 'ca.crt').publicKey), 'which no older leaf survives');

  writeFileSync(path.join(out, 'ca.key'), read(out, 'tls.key'));
  makeCerts('--out', out);
  t.ok(certificate(out, 'ca.crt').checkPrivateKey(createPrivateKey(read(out, 'ca.key'))), 'a CA whose key does not fit is no CA');
  t.end();
});

void t.test('copies for the overlay', (t) => {
  const folder = t.testdir();
  const [out, copy] = [path.join(folder, 'certs'), path.join(folder, 'copy')];
  makeCerts('--out', out, '--copy-to', copy);
  t.strictSame(readdirSync(copy).sort(), ['ca.crt', 'tls.crt', 'tls.key'], 'never the key of the CA');
  t.equal(statSync(path.join(copy, 'tls.key')).mode & 0o777, 0o600);
  t.end();
});

void t.test('what it refuses', (t) => {
  const out = path.join(t.testdir(), 'certs');
  t.throws(() => makeCerts('--out', out, '--leaf-only'), /holds no valid CA/);
  t.throws(() => makeCerts('--out', out, '--leaf-only', '--new-ca'), /choose one/);
  t.throws(() => makeCerts('--outt', out), /unknown argument/);
  t.throws(() => makeCerts('--out'), /needs a folder/);
  t.notOk(existsSync(path.join(out, 'tls.crt')), 'and leaves nothing behind');
  t.end();
});
