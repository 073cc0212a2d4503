import { asInteger, asList, asObject, asText, at, own, type Json, type JsonObject } from '../core/json.ts';
import { memoised } from '../core/memo.ts';
import type { PointRow } from './jvm-evidence-data.ts';
import {
  envNameRows,
  envPrefixRows,
  envSuffixRows,
  envWordRows,
  mountFileRows,
  mountRows,
  nameRows,
  pathRows,
  portNameRows,
  portNumberRows,
  probeToolRows,
} from './jvm-evidence-data.ts';

/** One piece of evidence: a stable token for logs, and what it weighs. */
export interface Sign {
  readonly reason: string;
  readonly points: number;
}

/** More entries than a container has; the rest of a hostile list is not looked at. */
const maxEntries = 512;
const maxLength = 512;
const none: readonly Sign[] = [];

/** The words of data rows with their points. */
export function pointsOf(rows: readonly PointRow[]): ReadonlyMap<string, number> {
  return new Map(rows.flatMap(([words, points]) => words.split(' ').map((word) => [word, points] as const)));
}

const envNames = pointsOf(envNameRows);
const envPrefixes = pointsOf(envPrefixRows);
const envSuffixes = pointsOf(envSuffixRows);
const envWords = [...pointsOf(envWordRows)];
const portNames = pointsOf(portNameRows);
const portNumbers = pointsOf(portNumberRows);
const mounts = [...pointsOf(mountRows)];
const mountFiles = pointsOf(mountFileRows);
const paths = [...pointsOf(pathRows)];
const probeTools = [...pointsOf(probeToolRows)];
const names = pointsOf(nameRows);
const valueMarks = ['jdbc:', '-Xmx', '-XX:', '-javaagent:'];

/** Everything but image, command and annotations that a container says about its runtime. */
export function containerSigns(container: JsonObject): readonly Sign[] {
  return [
    ...allEnvSigns(entries(container, 'env')),
    ...['livenessProbe', 'readinessProbe', 'startupProbe'].flatMap((field) => probeSigns(own(container, field))),
    ...entries(container, 'ports').flatMap(portSigns),
    ...entries(container, 'volumeMounts').flatMap(mountSigns),
    ...nameSigns(textOf(container, 'name')),
  ];
}

function entries(container: JsonObject, field: string): readonly Json[] {
  return asList(own(container, field)).slice(0, maxEntries);
}

function textOf(value: Json | undefined, field: string): string {
  return (asText(own(value, field)) ?? '').slice(0, maxLength);
}

function sign(reason: string, points: number | undefined): readonly Sign[] {
  return points === undefined ? none : [{ reason, points }];
}

/** Most names say nothing: no list is made for those. */
function allEnvSigns(list: readonly Json[]): readonly Sign[] {
  const found: Sign[] = [];
  for (const entry of list) for (const one of envSigns(entry)) found.push(one);
  return found;
}

function envSigns(entry: Json): readonly Sign[] {
  const { exact, signs } = nameSignsOfEnv(textOf(entry, 'name'));
  if (exact) return signs;
  const value = textOf(entry, 'value');
  const mark = valueMarks.find((start) => value.startsWith(start));
  return mark === undefined ? signs : sign(`env-value:${mark}`, 60);
}

/** The same few hundred names stand in all containers of a cluster. */
const nameSignsOfEnv = memoised((written: string): { readonly exact: boolean; readonly signs: readonly Sign[] } => {
  const name = normalForm(written);
  const points = envNames.get(name);
  return points === undefined
    ? { exact: false, signs: affixSigns(name) }
    : { exact: true, signs: sign(`env:${written}`, points) };
});

/** Property names in any spelling: `spring.kafka.bootstrap-servers` is SPRING_KAFKA_BOOTSTRAP_SERVERS. */
function normalForm(name: string): string {
  const upper = name.toUpperCase();
  return upper.includes('.') || upper.includes('-') ? upper.replaceAll('.', '_').replaceAll('-', '_') : upper;
}

/** Counted once a word, however many names share it. */
function affixSigns(name: string): readonly Sign[] {
  const first = name.indexOf('_');
  if (first === -1) return none;
  const prefix = leadingWords(name, first);
  if (prefix !== undefined) return sign(`env:${prefix}_*`, envPrefixes.get(prefix));
  const suffix = name.slice(name.lastIndexOf('_', name.lastIndexOf('_') - 1) + 1);
  if (envSuffixes.has(suffix)) return sign(`env:*_${suffix}`, envSuffixes.get(suffix));
  const word = envWords.find(([part]) => name.includes(part) && `_${name}_`.includes(`_${part}_`));
  return word === undefined ? none : sign(`env:*${word[0]}*`, word[1]);
}

function leadingWords(name: string, first: number): string | undefined {
  const one = name.slice(0, first);
  if (envPrefixes.has(one)) return one;
  const second = name.indexOf('_', first + 1);
  const two = second === -1 ? name : name.slice(0, second);
  return envPrefixes.has(two) ? two : undefined;
}

function probeSigns(probe: Json | undefined): readonly Sign[] {
  if (asObject(probe) === undefined) return [];
  const path = asText(at(probe, 'httpGet', 'path')) ?? '';
  const command = asList(at(probe, 'exec', 'command'))
    .slice(0, 8)
    .map((word) => (asText(word) ?? '').slice(0, maxLength));
  return [...pathSigns('probe', path), ...command.flatMap(probeCommandSigns)];
}

function probeCommandSigns(text: string): readonly Sign[] {
  const lower = text.toLowerCase();
  const tool = probeTools.find(([word]) => lower.includes(word));
  return [...(tool === undefined ? [] : sign(`probe:${tool[0]}`, tool[1])), ...pathSigns('probe', text)];
}

/** Evidence in a path that a probe or a scraper asks for. */
export function pathSigns(where: string, path: string): readonly Sign[] {
  const text = `${path.slice(0, maxLength)}/`;
  const found = paths.find(([part]) => text.includes(part));
  return found === undefined ? [] : sign(`${where}:${found[0]}`, found[1]);
}

function portSigns(port: Json): readonly Sign[] {
  const name = textOf(port, 'name');
  const number = String(asInteger(own(port, 'containerPort')) ?? '');
  return portNames.has(name) ? sign(`port:${name}`, portNames.get(name)) : sign(`port:${number}`, portNumbers.get(number));
}

function mountSigns(mount: Json): readonly Sign[] {
  const path = textOf(mount, 'mountPath');
  const directory = mounts.find(([root]) => path === root || path.startsWith(`${root}/`));
  const file = path.slice(path.lastIndexOf('/') + 1);
  return directory === undefined ? sign(`mount:${file}`, mountFiles.get(file)) : sign(`mount:${directory[0]}`, directory[1]);
}

function nameSigns(name: string): readonly Sign[] {
  const word = name
    .toLowerCase()
    .split(/[-_.]/)
    .find((part) => names.has(part));
  return word === undefined ? [] : sign(`name:${word}`, names.get(word));
}
