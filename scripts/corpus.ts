// Measures the JVM detector on a labelled corpus: npm run corpus -- FILE
import { existsSync, readFileSync } from 'node:fs';
import { asList, asObject, asText, own, type Json, type JsonObject } from '../src/core/json.ts';
import { detectJvm } from '../src/kubernetes/jvm.ts';

const [, , file = ''] = process.argv;
if (!existsSync(file)) {
  console.error(file === '' ? 'corpus: which file?' : `corpus: no such file: ${file}`);
  console.error('usage: npm run corpus -- FILE (one JSON object a line, with container, image, ... and jvm)');
  process.exit(2);
}

function texts(row: JsonObject, field: string): readonly string[] {
  return asList(own(row, field)).map((value) => (typeof value === 'number' ? String(value) : (asText(value) ?? '')));
}

function pairs(row: JsonObject, field: string): JsonObject {
  return Object.fromEntries(
    texts(row, field).map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]),
  );
}

/** `http /ready:8080 i5 p10` or `exec command`: what the corpus keeps of a probe. */
function probe(text: string): Json {
  const [kind, ...words] = text.split(' ');
  if (kind === 'exec') return { exec: { command: words } };
  return kind === 'http' ? { httpGet: { path: words[0]?.split(':')[0] ?? '' } } : {};
}

function port(text: string): Json {
  const number = Number(text.slice(text.indexOf(':') + 1));
  return {
    ...(Number.isInteger(number) && { containerPort: number }),
    ...(text.includes(':') && { name: text.split(':')[0] ?? '' }),
  };
}

function containerOf(row: JsonObject): JsonObject {
  const probes = Object.entries(asObject(own(row, 'probes')) ?? {}).map(([kind, text]) => [
    `${kind}Probe`,
    probe(asText(text) ?? ''),
  ]);
  return {
    name: own(row, 'container'),
    image: own(row, 'image'),
    command: texts(row, 'command'),
    args: texts(row, 'args'),
    env: texts(row, 'env').map((name) => ({ name })),
    ports: texts(row, 'ports').map(port),
    volumeMounts: texts(row, 'mounts').map((mountPath) => ({ mountPath })),
    ...(Object.fromEntries(probes) as JsonObject),
  };
}

const counts = { hit: 0, miss: 0, false: 0, rest: 0 };
for (const line of readFileSync(file, 'utf8')
  .split('\n')
  .filter((text) => text.trim() !== '')) {
  const row = asObject(JSON.parse(line)) ?? {};
  const container = containerOf(row);
  const metadata = { annotations: pairs(row, 'annotations'), labels: pairs(row, 'labels') };
  const evidence = detectJvm({ container, template: { metadata, spec: { containers: [container] } } });
  const found = evidence.jvm && own(row, 'init') !== true;
  const expected = own(row, 'jvm') === true;
  if (found && expected) counts.hit++;
  else if (!found && !expected) counts.rest++;
  else {
    counts[found ? 'false' : 'miss']++;
    const label = found ? 'false positive' : 'miss';
    console.log(
      `${label}: ${evidence.name} | ${asText(own(row, 'image')) ?? ''} | ${evidence.score} ${evidence.reasons.join(' ')}`,
    );
  }
}
const precision = counts.hit / Math.max(1, counts.hit + counts.false);
const recall = counts.hit / Math.max(1, counts.hit + counts.miss);
console.log(`precision ${precision.toFixed(3)} recall ${recall.toFixed(3)}`, counts);
