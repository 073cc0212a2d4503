import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadPair } from '../../src/config/certificate.ts';
import { makePair } from '../server/pairs.ts';

const folder = t.testdir({ one: {}, other: {} });
const one = makePair(join(folder, 'one'));
const other = makePair(join(folder, 'other'));
const put = (name: string, content: string | Buffer): string => {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
};

/** The fault of a pair that must have one: a single line. */
async function faultOf(certFile: string, keyFile: string): Promise<string> {
  const loaded = await loadPair({ certFile, keyFile });
  if (loaded.ok) throw new Error('it loaded');
  t.notMatch(loaded.fault, /\n/, 'one line');
  return loaded.fault;
}

void t.test('a pair that belongs together', async (t) => {
  const loaded = await loadPair(one);
  if (!loaded.ok) throw new Error(loaded.fault);
  t.strictSame(loaded.pair.cert, readFileSync(one.certFile));
  t.strictSame(loaded.pair.key, readFileSync(one.keyFile));
  const days = (loaded.pair.notAfterMs - Date.now()) / 86_400_000;
  t.ok(days > 29 && days < 31, 'valid for a month');
  t.match(loaded.pair.digest, /^[0-9a-f]{64}$/);

  const again = await loadPair(one);
  t.equal(again.ok && again.pair.digest, loaded.pair.digest, 'the same content is the same pair');
  const different = await loadPair(other);
  t.not(different.ok && different.pair.digest, loaded.pair.digest);
});

void t.test('files that cannot be read are named', async (t) => {
  const missing = join(folder, 'missing.pem');
  t.equal(await faultOf(missing, one.keyFile), `${missing}: cannot be read (ENOENT)`);
  t.equal(await faultOf(one.certFile, missing), `${missing}: cannot be read (ENOENT)`);
  t.equal(await faultOf(folder, one.keyFile), `${folder}: cannot be read (EISDIR)`);
  const loop = join(folder, 'loop.key');
  symlinkSync(loop, loop);
  t.equal(await faultOf(one.certFile, loop), `${loop}: cannot be read (ELOOP)`);
});

void t.test('files that are no pair are both named', async (t) => {
  const half = put('half.key', readFileSync(one.keyFile).subarray(0, 60));
  const cases: readonly (readonly [string, string, string])[] = [
    ['the key of another', one.certFile, other.keyFile],
    ['a half-written key', one.certFile, half],
    ['an empty certificate', put('empty.crt', ''), one.keyFile],
    ['an empty key', one.certFile, put('empty.key', '')],
    ['text', put('text.crt', 'not a certificate'), one.keyFile],
    ['certificate and key the wrong way round', one.keyFile, one.certFile],
    ['DER', put('der.crt', Buffer.from([0x30, 0x82, 0x01, 0x0a])), one.keyFile],
  ];
  for (const [says, certFile, keyFile] of cases) {
    const fault = await faultOf(certFile, keyFile);
    t.ok(fault.startsWith(`${certFile}, ${keyFile}: not a certificate with its key (`), `${says}: ${fault}`);
    t.notMatch(fault, /PRIVATE|BEGIN/, 'and nothing of the key is told');
  }
});

void t.test('each wrong content has a digest of its own, so that it is reported once', async (t) => {
  const digestOf = async (certFile: string, keyFile: string) => {
    const loaded = await loadPair({ certFile, keyFile });
    return loaded.ok ? loaded.pair.digest : loaded.digest;
  };
  const wrong = await digestOf(one.certFile, other.keyFile);
  t.equal(await digestOf(one.certFile, other.keyFile), wrong);
  t.not(await digestOf(other.certFile, one.keyFile), wrong);
});
