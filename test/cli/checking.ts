import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { stringify } from 'yaml';
import type { Json, JsonObject } from '../../src/core/json.ts';

export const repository = join(import.meta.dirname, '../..');
export const article = join(repository, 'test/objects/checkout-api.yaml');
export const catalog = join(repository, 'test/objects/catalog-go.yaml');

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real program to its end. */
export function bouncer(args: readonly string[], stdin: string | Buffer = ''): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const child = spawn(process.execPath, [join(repository, 'src/main.ts'), ...args], { timeout: 60_000, killSignal: 'SIGKILL' });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.on('close', (code) =>
    resolve({ code: code ?? -1, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
  );
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  return promise;
}

export interface Result {
  readonly source: string;
  readonly object: { readonly apiVersion: string; readonly kind: string; readonly namespace: string; readonly name: string };
  readonly operation: string;
  readonly allowed: boolean;
  readonly findings: readonly {
    readonly policy: string;
    readonly code: string;
    readonly effect: string;
    readonly mode: string;
    readonly next?: string;
  }[];
  readonly warnings: readonly string[];
  readonly patch: readonly JsonObject[];
  readonly evidence: Readonly<Record<string, { readonly containers: readonly JsonObject[] }>>;
}

const text = { type: 'string' } as const;
const closed = (properties: Readonly<Record<string, unknown>>, optional: readonly string[] = []): JsonObject =>
  ({
    type: 'object',
    additionalProperties: false,
    required: Object.keys(properties).filter((key) => !optional.includes(key)),
    properties,
  }) as JsonObject;
const list = (items: unknown) => ({ type: 'array', items }) as const;

/** The contract of `check -o json`: what is not in it is not there. */
const schema = closed({
  apiVersion: { const: 'rollback-bouncer.dev/v1alpha1' },
  results: list(
    closed({
      source: { ...text, minLength: 1 },
      object: closed({ apiVersion: text, kind: text, namespace: text, name: text }),
      operation: { enum: ['CREATE', 'UPDATE', 'DELETE'] },
      allowed: { type: 'boolean' },
      findings: list(
        closed(
          {
            policy: { ...text, pattern: '^[a-z-]+$' },
            code: { ...text, pattern: '^[a-z-]+$' },
            effect: { enum: ['deny', 'warn', 'info'] },
            mode: { enum: ['enforce', 'warn', 'audit'] },
            message: { ...text, minLength: 1 },
            next: { ...text, minLength: 1 },
            path: text,
            detail: { type: 'object' },
          },
          ['next'],
        ),
      ),
      warnings: { type: 'array', uniqueItems: true, items: { ...text, maxLength: 120 } },
      patch: list({
        oneOf: [
          closed({ op: { enum: ['add', 'replace'] }, path: text, value: {} }),
          closed({ op: { const: 'remove' }, path: text }),
        ],
      }),
      evidence: {
        type: 'object',
        additionalProperties: closed({
          containers: list(closed({ name: text, jvm: { type: 'boolean' }, score: { type: 'number' }, reasons: list(text) })),
        }),
      },
    }),
  ),
});
const valid = new Ajv2020({ strict: true, allErrors: true }).compile(schema);

/** The results in a JSON report. @throws when it breaks the contract. */
export function resultsIn(report: string): readonly Result[] {
  const value = JSON.parse(report) as Json;
  if (!valid(value)) throw new Error(JSON.stringify(valid.errors, null, 2));
  return (value as unknown as { readonly results: readonly Result[] }).results;
}

/** `check -o json` of manifests that must be accepted as input. */
export async function check(
  args: readonly string[],
  stdin?: string,
): Promise<{ readonly code: number; readonly results: readonly Result[] }> {
  const { code, stdout, stderr } = await bouncer(['check', '-o', 'json', ...args], stdin);
  if (stderr !== '' || code === 2) throw new Error(`${code}: ${stderr}`);
  return { code, results: resultsIn(stdout) };
}

/** A manifest of test/objects with some of its text replaced. */
export function changed(file: string, ...replacements: readonly (readonly [string, string])[]): string {
  return replacements.reduce(
    (text, [from, to]) => {
      if (!text.includes(from)) throw new Error(`${from} is not in ${file}`);
      return text.replaceAll(from, to);
    },
    readFileSync(file, 'utf8'),
  );
}

/** As kubectl reads it: `off` is quoted. */
export function yaml(...documents: readonly unknown[]): string {
  return documents.map((document) => stringify(document, { version: '1.1' })).join('---\n');
}
