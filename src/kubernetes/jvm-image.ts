import { memoised } from '../core/memo.ts';
import { parseImage } from './image.ts';
import type { WordRow } from './jvm-image-data.ts';
import { companionRows, familyRows, frameworkRows, harmlessRows, pairRows, productRows, runtimeRows } from './jvm-image-data.ts';
import { backingRows, vetoNameRows, vetoRows } from './jvm-veto-data.ts';
import type { Sign } from './jvm-signs.ts';

/** What an image reference says. A veto beats everything but a Java command and our own annotation. */
export interface ImageEvidence {
  readonly signs: readonly Sign[];
  readonly veto: string | undefined;
}

/** References are shorter by far; the rest of a hostile one is not looked at. */
const maxLength = 512;
const maxPhrase = 3;
const maxTokens = 24;
const certain = 60;
const likely = 40;

/** The words of data rows as a set. */
export function wordSet(rows: readonly WordRow[]): ReadonlySet<string> {
  return new Set(rows.flatMap(([words]) => words.split(' ')));
}

const runtimes = wordSet(runtimeRows);
const frameworks = wordSet(frameworkRows);
const products = wordSet(productRows);
const pairs = wordSet(pairRows);
const families = wordSet(familyRows);
const harmless = wordSet(harmlessRows);
const companions = wordSet(companionRows);
const backing = wordSet(backingRows);
const vetoes = wordSet(vetoRows);
const vetoNames = wordSet(vetoNameRows);
/** `cloud-native` and its like say nothing about GraalVM. */
const beforeNative = new Set(['cloud', 'k8s', 'kubernetes', 'react']);

/** Is one of these words a runtime or application server of the JVM? */
export function hasRuntimeWord(words: readonly string[]): boolean {
  return words.some((word) => runtimes.has(word));
}

interface Name {
  readonly base: string;
  readonly organisation: string;
  readonly tokens: readonly string[];
  readonly tag: readonly string[];
}

/** A phrase found in the tokens of a name: `end` is the index behind it. */
interface Match {
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

/** Weighs an image reference by whole name tokens, never by substrings. */
export const imageEvidence = memoised(weighImage);

function weighImage(reference: string): ImageEvidence {
  const name = nameOf(reference.slice(0, maxLength).toLowerCase());
  const pair = `${name.organisation}/${name.base}`;
  const native = nativeVeto(name);
  if (native !== undefined) return { veto: native, signs: [] };
  if (pairs.has(pair)) return { veto: undefined, signs: [{ reason: `image:${pair}`, points: certain }] };
  const matches = matchesIn(name.tokens);
  const veto = otherRuntime(name, matches);
  return { veto, signs: veto === undefined ? signsOf(name, matches) : [] };
}

function nameOf(reference: string): Name {
  const { repository, tag = '' } = parseImage(reference);
  const segments = repository.split('/');
  const base = segments.at(-1) ?? '';
  return { base, organisation: segments.at(-2) ?? '', tokens: tokensOf(base), tag: tokensOf(tag) };
}

/** Unresolved variables are no words. */
function tokensOf(text: string): readonly string[] {
  return text.includes('$') || text.includes('{') ? [] : text.split(/[-_.:]+/, maxTokens).filter((token) => token !== '');
}

/** `jdk17` and `nexus3` are the words `jdk` and `nexus`. */
function withoutVersion(token: string): string {
  let end = token.length;
  while (end > 0 && isDigit(token.charCodeAt(end - 1))) end--;
  return token.slice(0, end);
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Product and runtime phrases from left to right, the longest first. */
function matchesIn(tokens: readonly string[]): readonly Match[] {
  const found: Match[] = [];
  for (let start = 0; start < tokens.length;) {
    const match = matchAt(tokens, start);
    if (match !== undefined) found.push(match);
    start = match?.end ?? start + 1;
  }
  return found;
}

function matchAt(tokens: readonly string[], start: number): Match | undefined {
  for (let length = Math.min(maxPhrase, tokens.length - start); length > 0; length--) {
    const phrase = phraseAt(tokens, start, length);
    const word = isKnown(phrase) ? phrase : withoutVersion(phrase);
    if (isKnown(word)) return { word, start, end: start + length };
  }
  return undefined;
}

function isKnown(phrase: string): boolean {
  return products.has(phrase) || runtimes.has(phrase);
}

function phraseAt(tokens: readonly string[], start: number, length: number): string {
  let phrase = tokens[start] ?? '';
  for (let index = start + 1; index < start + length; index++) phrase += `-${tokens[index] ?? ''}`;
  return phrase;
}

function nativeVeto({ tokens, tag }: Name): string | undefined {
  return [tokens, tag].some((list) => list.some((token, index) => token === 'native' && !beforeNative.has(list[index - 1] ?? '')))
    ? 'native-image'
    : undefined;
}

function otherRuntime({ base, tokens }: Name, matches: readonly Match[]): string | undefined {
  if (vetoNames.has(base) || vetoNames.has(withoutVersion(base))) return `not-jvm:${base}`;
  const framework = frameworks.has(tokens[0] ?? '');
  for (let index = 0; index < tokens.length; index++) {
    const word = vetoAt(tokens, index, { matches, framework });
    if (word !== undefined) return `not-jvm:${word}`;
  }
  return undefined;
}

interface Doubt {
  readonly matches: readonly Match[];
  readonly framework: boolean;
}

/** A longer product phrase explains the word away (`couchdb-search`), a shorter one does not (`opensearch-dashboards`). */
function vetoAt(tokens: readonly string[], start: number, { matches, framework }: Doubt): string | undefined {
  for (let length = Math.min(maxPhrase, tokens.length - start); length > 0; length--) {
    const phrase = phraseAt(tokens, start, length);
    const speaksAgainst = vetoes.has(phrase) || (!framework && backing.has(phrase));
    if (speaksAgainst && !matches.some((match) => match.start <= start && start + length <= match.end)) return phrase;
  }
  return undefined;
}

function signsOf(name: Name, matches: readonly Match[]): readonly Sign[] {
  const { organisation, tokens } = name;
  const companion = tokens.some(
    (token, index) => companions.has(token) && !matches.some(({ start, end }) => start <= index && index < end),
  );
  if (companion) return javaSigns(tokens.slice(-1));
  if (families.has(organisation)) return [{ reason: `image:${organisation}/`, points: certain }];
  return [...baseSigns(tokens, matches), ...tagSigns(name.tag)];
}

function baseSigns(tokens: readonly string[], matches: readonly Match[]): readonly Sign[] {
  const runtime = matches.find(({ word }) => runtimes.has(word));
  if (runtime !== undefined) return [{ reason: `image:${runtime.word}`, points: certain }];
  const last = matches.at(-1);
  if (last === undefined) return javaSigns(tokens);
  const isHead = tokens.slice(last.end).every(isHarmless);
  return [{ reason: `image:${last.word}`, points: isHead ? certain : likely }];
}

/** Versions and packaging behind a product name. */
function isHarmless(token: string): boolean {
  return harmless.has(token) || harmless.has(withoutVersion(token)) || isDigit(token.charCodeAt(token.startsWith('v') ? 1 : 0));
}

function tagSigns(tag: readonly string[]): readonly Sign[] {
  const word = tag.map(withoutVersion).find((token) => runtimes.has(token));
  return word === undefined ? javaSigns(tag) : [{ reason: `tag:${word}`, points: certain }];
}

/** `java` alone is also a topic: certain with a version or as the last word (`hello-java`), else likely. */
function javaSigns(tokens: readonly string[]): readonly Sign[] {
  const index = tokens.findIndex((token) => withoutVersion(token) === 'java');
  if (index === -1) return [];
  const isCertain = index === tokens.length - 1 || tokens[index] !== 'java';
  return [{ reason: 'image:java', points: isCertain ? certain : likely }];
}
