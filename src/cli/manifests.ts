import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { parseAllDocuments, type Document } from 'yaml';
import { asList, asObject, asText, own, type Json, type JsonObject } from '../core/json.ts';
import { errorCode, UsageFault } from './fault.ts';

/** An object of a manifest, with the file it came from (`-` for standard input). */
export interface Manifest {
  readonly source: string;
  readonly object: JsonObject;
}

/**
 * The objects of files, folders (every .yaml, .yml, .json below them) and `-`; Lists are taken apart.
 * @throws UsageFault naming the file, and the document or line, when something cannot be read.
 */
export async function readManifests(paths: readonly string[], stdin: NodeJS.ReadableStream): Promise<readonly Manifest[]> {
  const manifests: Manifest[] = [];
  for (const path of paths) {
    if (path === '-') manifests.push(...parseManifests('-', await readText(stdin)));
    else for (const file of filesOf(path)) manifests.push(...parseManifests(file, readFile(file)));
  }
  return manifests;
}

/** @throws UsageFault */
export function parseManifests(source: string, text: string): readonly Manifest[] {
  const documents = parseAllDocuments(text, {
    version: '1.1',
    customTags: (tags) => tags.filter((tag) => !isForeign(tag)),
    logLevel: 'error',
  });
  const list = Array.isArray(documents) ? documents : [];
  return list.flatMap((document, index) => objectsOf(source, index, document)).map((object) => ({ source, object }));
}

const foreignTags = ['timestamp', 'binary', 'omap', 'pairs', 'set'].map((tag) => `tag:yaml.org,2002:${tag}`);

/** kubectl reads YAML 1.1 (`0644`, `yes`), but dates stay text and there are no numbers to base 60. */
function isForeign(tag: unknown): boolean {
  const { tag: name, format } = tag as { readonly tag?: string; readonly format?: string };
  return format === 'TIME' || (name !== undefined && foreignTags.includes(name));
}

function objectsOf(source: string, index: number, document: Document): readonly JsonObject[] {
  const where = `${source}: document ${index + 1}`;
  const error = document.errors[0];
  if (error !== undefined) throw new UsageFault(`${where}: ${error.message.split('\n', 1)[0] ?? 'not YAML'}`);
  const value = valueOf(document, where);
  return value === null ? [] : membersOf(value, where);
}

function valueOf(document: Document, where: string): Json {
  try {
    return document.toJS({ maxAliasCount: 100 }) as Json;
  } catch {
    throw new UsageFault(`${where}: too many aliases`);
  }
}

function membersOf(value: Json, where: string): readonly JsonObject[] {
  const object = asObject(value);
  if (object === undefined) throw new UsageFault(`${where}: not a Kubernetes object`);
  const kind = asText(object['kind']);
  const apiVersion = asText(object['apiVersion']);
  if (kind === undefined || kind === '') throw new UsageFault(`${where}: kind is missing`);
  if (apiVersion === undefined || apiVersion === '') throw new UsageFault(`${where}: apiVersion is missing`);
  if (!kind.endsWith('List') || !Array.isArray(own(object, 'items'))) return [object];
  return asList(own(object, 'items')).flatMap((item, index) => {
    const inherited = { apiVersion, kind: kind.slice(0, -'List'.length), ...asObject(item) };
    return membersOf(kind === 'List' ? item : inherited, `${where}: item ${index + 1}`);
  });
}

function filesOf(path: string): readonly string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    return readdirSync(path, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && /\.(ya?ml|json)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted();
  } catch (error) {
    throw new UsageFault(`${path}: cannot be read (${errorCode(error)})`);
  }
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageFault(`${file}: cannot be read (${errorCode(error)})`);
  }
}
