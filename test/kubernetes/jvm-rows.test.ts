import t from 'tap';
import type { JsonObject } from '../../src/core/json.ts';
import {
  envNameRows,
  envPrefixRows,
  envSuffixRows,
  envWordRows,
  launcherRows,
  mountFileRows,
  mountRows,
  nameRows,
  pathRows,
  portNameRows,
  portNumberRows,
  probeToolRows,
  threshold,
  type PointRow,
} from '../../src/kubernetes/jvm-evidence-data.ts';
import {
  companionRows,
  familyRows,
  frameworkRows,
  harmlessRows,
  pairRows,
  productRows,
  runtimeRows,
  type WordRow,
} from '../../src/kubernetes/jvm-image-data.ts';
import { backingRows, shellRows, sidecarRows, toolRows, vetoNameRows, vetoRows } from '../../src/kubernetes/jvm-veto-data.ts';
import { detectJvm, isSidecar, type JvmEvidence } from '../../src/kubernetes/jvm.ts';

function detect(fields: object): JvmEvidence {
  const container = { name: 'x', ...fields } as JsonObject;
  return detectJvm({ container, template: { spec: { containers: [container] } } });
}

function wordsOf(rows: readonly WordRow[]): readonly string[] {
  return rows.flatMap(([words]) => words.split(' '));
}

function eachPoint(rows: readonly PointRow[], fields: (word: string) => object, name: string): void {
  void t.test(name, (t) => {
    for (const [words, points] of rows) {
      for (const word of words.split(' ')) {
        const evidence = detect(fields(word));
        t.equal(evidence.score, points, `${word}: ${evidence.reasons.join(' ')}`);
        t.equal(evidence.jvm, points >= threshold, word);
      }
    }
    t.end();
  });
}

void t.test('every row says why, and no word stands twice in a list', (t) => {
  const lists = {
    runtimeRows,
    productRows,
    pairRows,
    familyRows,
    harmlessRows,
    companionRows,
    backingRows,
    vetoRows,
    vetoNameRows,
    toolRows,
  };
  for (const [name, rows] of Object.entries({ ...lists, frameworkRows, sidecarRows })) {
    t.ok(
      rows.every((row) => row[1].length >= 5),
      name,
    );
    const words = wordsOf(rows);
    t.same(
      words.filter((word, index) => words.indexOf(word) !== index),
      [],
      name,
    );
  }
  t.ok(wordsOf(shellRows).length > 10);
  t.end();
});

void t.test('runtimes: in the name and in the tag', (t) => {
  for (const word of wordsOf(runtimeRows)) {
    t.ok(detect({ image: `acme/${word}-thing:1` }).jvm, word);
    t.ok(detect({ image: `q.io/${word}:1` }).jvm, word);
    if (!word.includes('-')) t.ok(detect({ image: `acme/api:1.0-${word}17` }).jvm, `${word} in a tag`);
  }
  t.end();
});

void t.test('products: alone, behind a prefix, not inside another word', (t) => {
  for (const word of wordsOf(productRows)) {
    t.ok(detect({ image: word }).jvm, word);
    t.ok(detect({ image: `registry:5000/mirror/acme-${word}:1.2` }).jvm, `prefixed ${word}`);
    t.ok(detect({ image: `acme/${word}-server` }).jvm, `${word} with a harmless word`);
    t.equal(detect({ image: `acme/${word.replaceAll('-', '')}xyz` }).jvm, false, `no substring ${word}`);
  }
  t.end();
});

void t.test('pairs and families', (t) => {
  for (const pair of wordsOf(pairRows)) t.ok(detect({ image: `quay.io/${pair}:1` }).jvm, pair);
  for (const family of wordsOf(familyRows)) t.ok(detect({ image: `${family}/anything` }).jvm, family);
  for (const family of wordsOf(familyRows)) t.equal(detect({ image: `${family}/anything-ui` }).jvm, false, family);
  t.end();
});

void t.test('modifiers', (t) => {
  for (const word of wordsOf(harmlessRows)) t.ok(detect({ image: `acme/keycloak-${word}:1` }).jvm, word);
  for (const word of wordsOf(companionRows)) t.equal(detect({ image: `acme/trino-${word}` }).score, 0, word);
  for (const word of wordsOf(frameworkRows)) t.ok(detect({ image: `acme/${word}-boot-mongo` }).jvm, word);
  t.end();
});

void t.test('vetoes beat environment and image', (t) => {
  const env = [{ name: 'JAVA_TOOL_OPTIONS' }];
  for (const word of [...wordsOf(vetoRows), ...wordsOf(backingRows)]) {
    t.same(detect({ image: `acme/${word}:1`, env }).jvm, false, word);
    t.match(detect({ image: `acme/tomcat-${word}`, env }).reasons, [/^not-jvm:/], word);
  }
  for (const word of wordsOf(vetoNameRows)) t.equal(detect({ image: `acme/${word}`, env }).jvm, false, word);
  for (const word of wordsOf(toolRows)) t.equal(detect({ image: 'tomcat:9', command: [word, '1'] }).jvm, false, word);
  t.end();
});

void t.test('sidecars', (t) => {
  for (const word of wordsOf(sidecarRows)) {
    t.ok(isSidecar({ name: word }), word);
    t.ok(isSidecar({ name: 'x', image: `q.io/acme/${word}:1` }), word);
  }
  t.end();
});

const env = (name: string): object => ({ env: [{ name }] });
eachPoint(envNameRows, env, 'environment names');
eachPoint(envPrefixRows, (word) => env(`${word}_SOMETHING_ELSE`), 'environment prefixes');
eachPoint(envSuffixRows, (word) => env(`MY_${word}`), 'environment suffixes');
eachPoint(envWordRows, (word) => env(`MY_${word}_THING_X`), 'environment words');
eachPoint(portNameRows, (name) => ({ ports: [{ name, containerPort: 1 }] }), 'port names');
eachPoint(portNumberRows, (port) => ({ ports: [{ containerPort: Number(port) }] }), 'port numbers');
eachPoint(mountRows, (root) => ({ volumeMounts: [{ mountPath: `${root}/x` }] }), 'mounts');
eachPoint(mountFileRows, (file) => ({ volumeMounts: [{ mountPath: `/config/${file}` }] }), 'mounted files');
eachPoint(pathRows, (part) => ({ livenessProbe: { httpGet: { path: part } } }), 'probe paths');
eachPoint(probeToolRows, (word) => ({ readinessProbe: { exec: { command: ['sh', '-c', `${word} x`] } } }), 'probe programs');
eachPoint(nameRows, (word) => ({ name: `my-${word}` }), 'container names');
eachPoint(launcherRows, (word) => ({ command: [`/opt/bin/${word}`, 'x'] }), 'launchers');
