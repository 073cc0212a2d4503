import fc from 'fast-check';
import assert from 'node:assert/strict';
import t from 'tap';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import type { RouteRule } from '../../../src/core/objects.ts';
import { virtualServiceRoute } from '../../../src/kubernetes/routes/istio.ts';
import { mayOverlap } from '../../../src/kubernetes/routes/overlap.ts';
import { holds } from '../../core/property.ts';

function ruleWith(match: Json, protocol: 'http' | 'tls' | 'tcp' = 'http'): RouteRule {
  const spec = { [protocol]: [{ match, route: [{ destination: { host: 'web' } }] }] } as unknown as JsonObject;
  return virtualServiceRoute({ metadata: { name: 'web', namespace: 'shop' }, spec })!.rules[0]!;
}

const prefix = (text: string): JsonObject => ({ uri: { prefix: text } });
const exact = (text: string): JsonObject => ({ uri: { exact: text } });

void t.test('may a request fit both?', (t) => {
  const cases: readonly (readonly [Json, Json, boolean, string])[] = [
    [[prefix('/api')], [prefix('/beta')], false, 'other prefixes'],
    [[prefix('/api')], [prefix('/api/v2')], true, 'one prefix inside of the other'],
    [[exact('/api')], [prefix('/api')], true, 'an exact path under a prefix'],
    [[exact('/beta')], [prefix('/api')], false, 'an exact path elsewhere'],
    [[prefix('/api')], [exact('/beta')], false, 'whichever comes first'],
    [[exact('/a')], [exact('/b')], false, 'two exact paths'],
    [[exact('/a')], [exact('/a')], true, 'one exact path'],
    [[prefix('/api')], [{ uri: { regex: '/beta.*' } }], true, 'a regular expression may be anything'],
    [[{ ...prefix('/api'), ignoreUriCase: true }], [prefix('/API')], true, 'whatever the case'],
    [[prefix('/api')], [{ headers: { a: { exact: 'b' } } }], true, 'a header says nothing about the path'],
    [[{ method: { exact: 'GET' } }], [{ method: { exact: 'POST' } }], false, 'other methods'],
    [[{ method: { exact: 'GET' } }], [{ method: { prefix: 'P' } }], true, 'a method that may be many'],
    [[{ authority: { exact: 'a.example' } }], [{ authority: { exact: 'b.example' } }], false, 'other hosts'],
    [[{ port: 80 }], [{ port: 8080 }], false, 'other ports'],
    [[{ port: 80 }], [{ ...prefix('/api'), port: 80 }], true, 'the same port'],
    [[prefix('/api'), prefix('/beta')], [prefix('/beta/2')], true, 'one of several blocks is enough'],
    [[], [prefix('/api')], true, 'what takes everything'],
    [[prefix('/')], [prefix('/api')], true, 'in any spelling'],
  ];
  for (const [one, other, may, why] of cases) {
    t.equal(mayOverlap(ruleWith(one), ruleWith(other)), may, why);
    t.equal(mayOverlap(ruleWith(other), ruleWith(one)), may, `${why}, the other way round`);
  }
  t.end();
});

void t.test('SNI hosts, ports and protocols', (t) => {
  const sni = (...hosts: readonly string[]) => ruleWith([{ sniHosts: hosts }], 'tls');
  t.equal(mayOverlap(sni('a.example'), sni('b.example')), false);
  t.equal(mayOverlap(sni('a.example', 'b.example'), sni('b.example')), true);
  t.equal(mayOverlap(sni('*.example'), sni('b.test')), true, 'a wildcard is not taken apart');
  t.equal(mayOverlap(ruleWith([{ port: 1 }], 'tcp'), ruleWith([{ port: 2 }], 'tcp')), false);
  t.equal(mayOverlap(ruleWith([], 'tcp'), ruleWith([], 'http')), false, 'another protocol is other traffic');
  t.end();
});

void t.test('of a rule and its delegate both must fit', (t) => {
  const joined = { ...ruleWith([prefix('/api')]), matchKey: '[{"uri":{"prefix":"/api"}}]\n[{"method":{"exact":"GET"}}]' };
  t.equal(mayOverlap(joined, ruleWith([prefix('/api/v2')])), true);
  t.equal(mayOverlap(joined, ruleWith([prefix('/beta')])), false);
  t.equal(mayOverlap(ruleWith([{ ...prefix('/api'), method: { exact: 'POST' } }]), joined), false);
  t.end();
});

void t.test('properties', (t) => {
  const path = fc.constantFrom('/', '/a', '/a/b', '/ab', '/b');
  const block = fc.oneof(
    path.map(prefix),
    path.map(exact),
    fc.constantFrom<JsonObject>({ method: { exact: 'GET' } }, { port: 80 }, { scheme: { exact: 'https' } }),
  );
  const match = fc.array(block, { maxLength: 3 });
  const request = fc.record({
    path,
    method: fc.constantFrom('GET', 'POST'),
    port: fc.constantFrom(80, 81),
    scheme: fc.constantFrom('http', 'https'),
  });
  type Asked = typeof request extends fc.Arbitrary<infer T> ? T : never;
  const fits = (asked: Asked, blocks: readonly JsonObject[]): boolean =>
    blocks.length === 0 ||
    blocks.some((one) => {
      const uri = one['uri'] as { readonly prefix?: string; readonly exact?: string } | undefined;
      const method = one['method'] as { readonly exact: string } | undefined;
      const scheme = one['scheme'] as { readonly exact: string } | undefined;
      return (
        (uri?.prefix === undefined || asked.path.startsWith(uri.prefix)) &&
        (uri?.exact === undefined || asked.path === uri.exact) &&
        (method === undefined || method.exact === asked.method) &&
        (scheme === undefined || scheme.exact === asked.scheme) &&
        (one['port'] === undefined || one['port'] === asked.port)
      );
    });
  holds(
    t,
    'two matches that one request fits are never said to exclude each other',
    fc.property(match, match, request, (one, other, asked) => {
      fc.pre(fits(asked, one) && fits(asked, other));
      assert.ok(mayOverlap(ruleWith(one), ruleWith(other)));
    }),
    500,
  );
  holds(
    t,
    'in both directions alike',
    fc.property(match, match, (one, other) => {
      assert.equal(mayOverlap(ruleWith(one), ruleWith(other)), mayOverlap(ruleWith(other), ruleWith(one)));
    }),
  );
  t.end();
});
