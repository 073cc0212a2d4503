import t from 'tap';
import fc from 'fast-check';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { detectJvm, isSidecar, jvmAnnotationFaults, jvmEvidenceOf } from '../../src/kubernetes/jvm.ts';

const runs = { numRuns: Number(process.env['JVM_RUNS'] ?? 2000) };

function templateOf(containers: readonly object[], annotations: Record<string, string> = {}, labels: object = {}): JsonObject {
  return { metadata: { annotations, labels }, spec: { containers } } as JsonObject;
}

/** Names of the containers that are seen as JVMs. */
function jvms(template: JsonObject, workload?: JsonObject): readonly string[] {
  return jvmEvidenceOf(template, workload).flatMap(({ jvm, name }) => (jvm ? [name] : []));
}

function isJvm(fields: object): boolean {
  return jvms(templateOf([{ name: 'x', ...fields }])).length === 1;
}

const otel = 'instrumentation.opentelemetry.io/';
const env = (...names: readonly string[]): Json => names.map((name) => ({ name }));
const java = { name: 'java', image: 'eclipse-temurin:21' };
const other = { name: 'other', image: 'acme/orders:1' };

void t.test('look-alikes', (t) => {
  const lookAlikes = [
    'my/javascript-api',
    'acme/java-demo-frontend',
    'danielqsj/kafka-exporter:v1',
    'apache/kafka-native:4.2.0',
    'quay.io/acme/orders:native-latest',
    'mailgun/kafka-pixy',
    'docker.bintray.io/jfrog/nginx-artifactory-pro',
    'ghcr.io/acme/kafka-consumer',
    'elastic/eck-operator',
    'justwatch/elasticsearch_exporter',
    'jupyter/all-spark-notebook',
    'redis',
    '${IMAGE}',
    '{{ .Values.java }}',
    '',
  ];
  for (const image of lookAlikes) t.notOk(isJvm({ image }), image);
  t.ok(isJvm({ image: 'acme/cloud-native-tomcat' }), 'cloud-native is no native image');
  t.ok(isJvm({ image: 'acme/hello-java' }));
  t.ok(isJvm({ image: 'gcr.io/distroless/java17-debian12' }));
  t.notOk(isJvm({ image: 'acme/java-thing' }), 'java as a topic is not enough');
  t.ok(isJvm({ image: 'acme/java-thing', env: env('JAVA_HOME') }), 'with JAVA_HOME it is');
  t.notOk(isJvm({ image: 'acme/kafka-something' }));
  t.ok(isJvm({ image: 'acme/test-suite-java' }));
  t.end();
});

void t.test('environment', (t) => {
  t.ok(isJvm({ image: '${X}', env: env('JAVA_TOOL_OPTIONS') }), 'unresolved image');
  t.notOk(isJvm({ image: 'rabbitmq:3.8', env: env('JDK_JAVA_OPTIONS') }));
  t.ok(isJvm({ env: env('spring.kafka.bootstrap-servers') }), 'property spelling');
  t.notOk(isJvm({ env: env('QUARKUS_HTTP_PORT', 'QUARKUS_LOG_LEVEL') }), 'one word counts once');
  t.ok(isJvm({ env: env('QUARKUS_HTTP_PORT'), livenessProbe: { httpGet: { path: '/q/health/live' } } }));
  t.ok(isJvm({ env: [{ name: 'DB', value: 'jdbc:postgresql://db/x' }] }), 'value');
  t.notOk(isJvm({ env: [{ name: 'JAVASCRIPT_URL' }, { name: 'A', value: 5 }, null, 'x'] }));
  t.notOk(isJvm({ env: env('JAVA') }));
  t.end();
});

void t.test('commands', (t) => {
  const yes: readonly object[] = [
    { image: 'acme/native:1', command: ['/opt/jdk/bin/java', '-jar', 'a.jar'] },
    { command: ['/entry.sh', '-jar', 'a.jar'] },
    { command: ['sh', '-c', 'sleep 5; exec java -jar a.jar'] },
    { command: ['sh', '-c', 'exec gosu app java $OPTS Main'] },
    { command: ['sh', '-c', 'my-wrapper java Main'] },
    { command: ['env', 'A=b', 'java', 'Main'] },
    { args: ['java', 'Main'] },
    { args: ['-Xmx1g'] },
    { args: ['-Dhttp.port=80'] },
    { args: ['--spring.config.location=x'] },
    { args: ['org.springframework.boot.loader.JarLauncher'] },
    { args: ['/app/app.war'] },
    { command: ['/root/apache-tomcat-7.0.42/bin/start.sh'] },
    { command: ['./bin/kafka-reassign-partitions.sh', '--x'] },
    { command: ['bash', '/opt/kafka/bin/kafka-server-start.sh'] },
    { image: 'tomcat', command: ['/start.sh'] },
    { image: 'tomcat', command: ['sh', '-c', 'echo hi; /start.sh'] },
    { image: 'tomcat', args: ['run'] },
    { image: 'tomcat', args: ['sh', '-c', 'cat /x'] },
    { image: 'tomcat', command: ['sh'] },
    { image: 'tomcat', command: [] },
    { image: 'tomcat', command: ['timeout', '5', '/start.sh'] },
  ];
  const no: readonly object[] = [
    { image: 'tomcat', command: ['sleep', 'infinity'] },
    { image: 'tomcat', args: ['sleep', 'infinity'] },
    { image: 'elasticsearch', command: ['sysctl', '-w', 'vm.max_map_count=1'] },
    { image: 'tomcat', command: ['sh', '-c', '#!/usr/bin/env bash -e curl -f http://x'] },
    { image: 'tomcat', command: ['/bin/bash', '-c', '--'], args: ['while true; do sleep 30; done;'] },
    { image: 'tomcat', command: ['sh', '-c', 'until nc -z db 5432; do echo waiting for java; sleep 1; done'] },
    { image: 'acme/kafka:native-cli', command: ['./bin/kafka-topics.sh'] },
    { command: ['cp', 'a.jar', '/x'] },
    { args: ['-Dfoo=bar'] },
    { args: ['-Dpath/a.b=c'] },
    { command: ['sh', '-c', '# java'] },
    { command: ['sh', '-c'] },
    { command: [5, null, {}] },
  ];
  for (const fields of yes) t.ok(isJvm(fields), JSON.stringify(fields));
  for (const fields of no) t.notOk(isJvm(fields), JSON.stringify(fields));
  t.end();
});

void t.test('our annotations decide', (t) => {
  const key = 'rollback-bouncer.dev/jvm';
  const both = (annotations: Record<string, string>): readonly string[] => jvms(templateOf([java, other], annotations));
  t.same(both({}), ['java']);
  t.same(both({ [key]: 'true' }), ['java', 'other']);
  t.same(both({ [key]: 'false' }), []);
  t.same(both({ [`${key}-containers`]: 'other' }), ['other']);
  t.same(both({ [`${key}-containers`]: 'x, other', [key]: 'false' }), ['other']);
  t.same(both({ [`${key}-containers`]: 'x', [key]: 'true' }), ['java', 'other']);
  t.same(both({ [`${key}-containers`]: 'Not A Name' }), ['java']);
  t.same(both({ [key]: 'yes' }), ['java'], 'malformed is ignored');
  t.same(jvmEvidenceOf(templateOf([java], { [key]: 'false' })), [
    { name: 'java', jvm: false, score: 0, reasons: [`annotation:${key}=false`] },
  ]);
  t.end();
});

void t.test('faults in our annotations', (t) => {
  const key = 'rollback-bouncer.dev/jvm';
  const faults = (annotations: object): readonly string[] => jvmAnnotationFaults({ metadata: { annotations } } as Json);
  t.same(faults({ [key]: 'true', [`${key}-containers`]: 'a,b' }), []);
  t.same(faults({ [key]: 'yes' }), [`${key}: "yes"`]);
  t.same(faults({ [key]: true, [`${key}-containers`]: '' }), [`${key}: "boolean"`, `${key}-containers: ""`]);
  t.equal(faults({ [key]: 'x'.repeat(100_000) })[0]?.length, key.length + 64);
  t.same(jvmAnnotationFaults(undefined), []);
  t.end();
});

void t.test('OpenTelemetry', (t) => {
  const busybox = { name: 'box', image: 'busybox' };
  const app = { name: 'app', image: 'acme/orders' };
  const seen = (annotations: Record<string, string>, containers = [app, other]): readonly string[] => {
    const full = Object.entries(annotations).map(([key, value]) => [otel + key, value]);
    return jvms(templateOf(containers, Object.fromEntries(full) as Record<string, string>));
  };
  t.same(seen({ 'inject-java': 'true' }), ['app'], 'the first app container');
  t.same(seen({ 'inject-java': 'my-instrumentation' }), ['app']);
  t.same(seen({ 'inject-java': 'false' }), []);
  t.same(seen({ 'inject-java': 'true', 'inject-python': 'true' }), [], 'another language too');
  t.same(seen({ 'inject-java': 'true', 'inject-python': 'false' }), ['app']);
  t.same(seen({ 'inject-java': 'true', 'container-names': 'other' }), ['other']);
  t.same(seen({ 'inject-java': 'true', 'java-container-names': 'app', 'container-names': 'other' }), ['app']);
  t.same(seen({ 'inject-java': 'true', 'container-names': 'box' }, [busybox, app]), [], 'not in a busybox');
  t.same(seen({ 'inject-java': 'true' }, [{ name: 'istio-proxy', image: 'x' }, app]), ['app'], 'sidecars are not first');
  t.end();
});

void t.test('other annotations and labels', (t) => {
  const app = { name: 'app', image: 'acme/orders' };
  t.same(jvms(templateOf([app, other], { 'admission.datadoghq.com/java-lib.version': 'v1' })), ['app']);
  t.same(jvms(templateOf([app, other], { 'admission.datadoghq.com/other.java-lib.version': 'v1' })), ['other']);
  t.same(jvms(templateOf([app], {}), { 'internal.dd.datadoghq.com/app.detected_langs': 'python,java' }), ['app']);
  t.same(jvms(templateOf([app], {}), { 'internal.dd.datadoghq.com/app.detected_langs': 'python' }), []);
  t.same(jvms(templateOf([app, other], { 'prometheus.io/path': '/actuator/prometheus' })), ['app']);
  t.same(jvms(templateOf([app], {}, { 'app.openshift.io/runtime': 'spring-boot' })), ['app']);
  t.same(jvms(templateOf([app], {}, { 'app.openshift.io/runtime': 'nodejs' })), []);
  t.end();
});

void t.test('sidecars are never probed, but told as what they are', (t) => {
  const exporter = { name: 'metrics', image: 'bitnami/jmx-exporter' };
  t.ok(isSidecar(exporter));
  t.same(jvms(templateOf([java, exporter])), ['java', 'metrics']);
  for (const image of ['criteord/cassandra_exporter:2', 'x/prometheus-jmx-exporter', 'a/redis-exporter'])
    t.ok(isSidecar({ image }), image);
  t.notOk(isSidecar({ name: 'api', image: 'acme/invoice-exporter' }), 'an application may export invoices');
  t.notOk(isSidecar({}));
  t.end();
});

void t.test('names', (t) => {
  t.same(jvmEvidenceOf(templateOf([{}])), [{ name: '', jvm: false, score: 0, reasons: [] }]);
  t.notOk(jvms(templateOf([{ name: 'pulsar-toolset', image: 'apachepulsar/pulsar' }])).length, 'image used for its tools');
  const long = 'x'.repeat(1000);
  t.equal(jvmEvidenceOf(templateOf([{ name: long }]))[0]?.name, long);
  t.same(jvmEvidenceOf(undefined), []);
  t.equal(jvmEvidenceOf({ spec: { containers: [null, 'x', 5] } }).length, 3);
  t.same(jvmEvidenceOf({ spec: { initContainers: [java], containers: [] } }), [], 'init containers are not listed');
  t.end();
});

void t.test('total: any JSON', (t) => {
  const keys = [
    'name',
    'image',
    'command',
    'args',
    'env',
    'ports',
    'volumeMounts',
    'livenessProbe',
    'httpGet',
    'exec',
    'path',
    'value',
  ];
  const containers = fc.dictionary(fc.constantFrom(...keys, '__proto__'), fc.jsonValue());
  fc.assert(
    fc.property(containers, fc.jsonValue(), (container, annotations) => {
      const template = { metadata: { annotations }, spec: { containers: [container] } } as JsonObject;
      const [evidence] = jvmEvidenceOf(template, annotations as JsonObject);
      jvmAnnotationFaults(template);
      isSidecar(container);
      return evidence !== undefined && evidence.score >= 0 && evidence.score <= 100 && evidence.jvm === evidence.score >= 60;
    }),
    runs,
  );
  fc.assert(
    fc.property(
      fc.anything(),
      (value) => Array.isArray(jvmEvidenceOf(value as Json)) && Array.isArray(jvmAnnotationFaults(value as Json)),
    ),
    runs,
  );
  fc.assert(
    fc.property(fc.string(), fc.array(fc.string()), (image, command) => !isJvm({ image, command }) || true),
    runs,
  );
  t.end();
});

void t.test('hostile sizes cost little', (t) => {
  const big = 'a-'.repeat(500_000);
  const script = 'x ; '.repeat(250_000);
  const hostile: readonly object[] = [
    { image: big },
    { image: ':'.repeat(1_000_000) },
    { command: ['sh', '-c', script] },
    { args: Array.from({ length: 20 }, () => script) },
    { command: [script] },
    { name: big, env: [{ name: big, value: big }] },
    { command: ['sh', '-c'], args: new Array(100_000).fill('x') },
    { env: new Array(100_000).fill({ name: 'A_B_C' }) },
    { livenessProbe: { httpGet: { path: big }, exec: { command: [big] } } },
  ];
  for (const fields of hostile) {
    const container = fields as JsonObject;
    const template = templateOf([], { [`${otel}inject-java`]: 'true', [`${otel}container-names`]: big });
    detectJvm({ container, template });
    const best = Math.min(
      ...[1, 2, 3].map(() => {
        const start = performance.now();
        detectJvm({ container, template });
        isSidecar(container);
        return performance.now() - start;
      }),
    );
    t.ok(best < 1, `${Object.keys(fields).join()} took ${best.toFixed(3)} ms`);
  }
  t.end();
});

void t.test('a template with tens of thousands of containers costs no more than each of them', (t) => {
  const containers = Array.from({ length: 20_000 }, (_, index) => ({ name: index === 19_999 ? 'app' : 'envoy', image: 'a' }));
  const started = performance.now();
  t.equal(jvmEvidenceOf({ spec: { containers } }).length, 20_000);
  t.ok(performance.now() - started < 5_000, 'seconds would be the square of it');
  t.end();
});
