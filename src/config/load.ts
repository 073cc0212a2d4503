import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Ajv, type ErrorObject } from 'ajv';
import { parseDocument } from 'yaml';
import { asObject, asText, at, type Json, type JsonObject } from '../core/json.ts';
import type { Mode } from '../core/finding.ts';
import { plain } from '../core/message.ts';
import { defaultSettings, type Settings } from '../core/modes.ts';
import type { Policy } from '../core/policy.ts';
import type { Look } from './poll.ts';
import { configurationSchema } from './schema.ts';

/** A configuration, or what is wrong with it: one line naming the file and the field. */
export type Loaded = { readonly ok: true; readonly settings: Settings } | { readonly ok: false; readonly fault: string };

/** Reads and checks a configuration file. Never throws. */
export function loadSettings(file: string, policies: readonly Policy[]): Loaded {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return { ok: false, fault: `${file}: cannot be read (${codeOf(error)})` };
  }
  return parseSettings(file, text, policies);
}

/** For polling: a look at the file that parses it only when its text has changed. Never rejects. */
export function settingsLook(file: string, policies: readonly Policy[]): () => Promise<Look<Settings>> {
  let last: { readonly text: string; readonly look: Look<Settings> } | undefined;
  return async () => {
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined && text === last?.text) return last.look;
    const loaded = text === undefined ? loadSettings(file, policies) : parseSettings(file, text, policies);
    const digest = text ?? 'cannot be read';
    const look: Look<Settings> = loaded.ok ? { ok: true, value: loaded.settings, digest } : { ...loaded, digest };
    last = text === undefined ? undefined : { text, look };
    return look;
  };
}

/** Checks the text of a configuration file; `file` is only for the fault's line. */
export function parseSettings(file: string, text: string, policies: readonly Policy[]): Loaded {
  const faulty = (fault: string): Loaded => ({ ok: false, fault: `${file}: ${plain(fault)}` });
  const document = parseDocument(text, { strict: true, uniqueKeys: true, logLevel: 'error' });
  const broken = document.errors[0];
  if (broken !== undefined) return faulty(`not YAML: ${firstLine(broken.message)}`);
  let value: Json;
  try {
    value = document.toJS({ maxAliasCount: 0 }) as Json;
  } catch {
    return faulty('not YAML: aliases are not allowed');
  }
  const fault = faultOf(value, policies);
  return fault === undefined ? { ok: true, settings: settingsOf(value, policies) } : faulty(fault);
}

function faultOf(value: Json, policies: readonly Policy[]): string | undefined {
  const validate = new Ajv({ allErrors: false, strict: true, verbose: true }).compile(configurationSchema(policies));
  if (validate(value)) return undefined;
  const error = validate.errors?.[0];
  return error === undefined ? 'not a Configuration' : describe(error);
}

function describe(error: ErrorObject): string {
  const field = error.instancePath.slice(1).replaceAll('/', '.') || 'the document';
  const params = error.params as Json;
  if (error.keyword === 'additionalProperties')
    return `${field}: unknown field "${asText(at(params, 'additionalProperty')) ?? ''}"`;
  const allowed = at(params, 'allowedValues') ?? at(params, 'allowedValue');
  const text = allowed === undefined ? (error.message ?? 'invalid') : `must be ${[allowed].flat().map(String).join(', ')}`;
  return `${field}: ${text}${hint(error.data, field)}`;
}

/** YAML 1.1 tools write `off` and mean a boolean; ours reads it as text, but `false` may arrive from them. */
function hint(data: unknown, field: string): string {
  return typeof data === 'boolean' && /(^|\.)(mode|floor)$/.test(field) ? ' (quote "off")' : '';
}

function settingsOf(value: Json, policies: readonly Policy[]): Settings {
  return {
    ceiling: (asText(at(value, 'mode')) as Mode | undefined) ?? defaultSettings.ceiling,
    floor: (asText(at(value, 'floor')) as Mode | undefined) ?? defaultSettings.floor,
    policies: new Map(
      policies.map((policy) => [policy.id, policySettings(policy, asObject(at(value, 'policies', policy.id)) ?? {})]),
    ),
  };
}

function policySettings(policy: Policy, given: JsonObject): { readonly mode?: Mode; readonly config: JsonObject } {
  const { mode, ...config } = given;
  return { ...(mode !== undefined && { mode: mode as Mode }), config: { ...policy.config.defaults, ...config } };
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
