import t from 'tap';
import fc from 'fast-check';
import { canonicalImage, defaultPullPolicy, parseImage } from '../../src/kubernetes/image.ts';

void t.test('parts of a reference', (t) => {
  const cases: readonly [string, string | undefined, string, string | undefined, string | undefined][] = [
    ['nginx', undefined, 'nginx', undefined, undefined],
    ['nginx:1.27', undefined, 'nginx', '1.27', undefined],
    ['bitnami/kafka:4.0', undefined, 'bitnami/kafka', '4.0', undefined],
    ['quay.io/acme/api:1', 'quay.io', 'acme/api', '1', undefined],
    ['localhost/api', 'localhost', 'api', undefined, undefined],
    ['registry:5000/team/api', 'registry:5000', 'team/api', undefined, undefined],
    ['registry:5000/team/api:2', 'registry:5000', 'team/api', '2', undefined],
    ['quay.io/acme/api:1@sha256:ab', 'quay.io', 'acme/api', '1', 'sha256:ab'],
    ['api@sha256:ab', undefined, 'api', undefined, 'sha256:ab'],
    ['', undefined, '', undefined, undefined],
  ];
  for (const [text, registry, repository, tag, digest] of cases)
    t.same(parseImage(text), { registry, repository, tag, digest }, text);
  t.end();
});

void t.test('one spelling', (t) => {
  t.equal(canonicalImage('nginx'), canonicalImage('docker.io/library/nginx:latest'));
  t.equal(canonicalImage('index.docker.io/acme/api:1'), canonicalImage('acme/api:1'));
  t.equal(canonicalImage('quay.io/acme/api:1@sha256:ab'), canonicalImage('quay.io/acme/api:2@sha256:ab'));
  t.not(canonicalImage('quay.io/library/api:1'), canonicalImage('quay.io/api:1'));
  t.not(canonicalImage('acme/api:1'), canonicalImage('acme/api:2'));
  t.not(canonicalImage('acme/api@sha256:ab'), canonicalImage('acme/api@sha256:ac'));
  t.end();
});

void t.test('pull policy that the API server writes', (t) => {
  for (const image of ['a', 'a:latest', 'q.io/a/b', 'a:latest@sha256:ab']) t.equal(defaultPullPolicy(image), 'Always', image);
  for (const image of ['a:1', 'a@sha256:ab', 'q.io:5/a:1', '']) t.equal(defaultPullPolicy(image), 'IfNotPresent', image);
  t.end();
});

void t.test('total', (t) => {
  fc.assert(
    fc.property(fc.string(), (text) => typeof canonicalImage(text) === 'string' && typeof defaultPullPolicy(text) === 'string'),
  );
  t.end();
});
