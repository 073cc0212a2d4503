import { factSources } from '../src/core/facts.ts';
import { asObject, asText, own, type JsonObject } from '../src/core/json.ts';
import { policyLabel } from '../src/core/modes.ts';
import { ownFindings } from '../src/core/own-findings.ts';
import type { Policy } from '../src/core/policy.ts';

const phaseWords = { mutate: 'changes objects', validate: 'judges objects' } as const;

/** One page per policy, by path below docs/policies, and the index. Markdown without the header line. */
export function policyPages(policies: readonly Policy[]): ReadonlyMap<string, string> {
  return new Map([
    ['README.md', indexPage(policies)],
    ...policies.map((policy): [string, string] => [`${policy.id}.md`, policyPage(policy)]),
  ]);
}

function indexPage(policies: readonly Policy[]): string {
  const rows = policies.map((policy) => [
    `[\`${policy.id}\`](${policy.id}.md)`,
    policy.phases.map((phase) => phaseWords[phase]).join(', '),
    `\`${policy.defaultMode}\``,
    policy.docs.summary,
  ]);
  const own = Object.entries(ownFindings).map(([code, spec]) => [`\`${code}\``, spec.effect, spec.means, spec.remedy]);
  return sections([
    ['# Policies', table(['Policy', 'What it does', 'Default mode', 'In short'], rows)],
    ['## Findings that any policy may have', table(['Code', 'Effect', 'Meaning', 'What to do'], own)],
  ]);
}

function policyPage(policy: Policy): string {
  return sections([
    [`# ${policy.id}: ${policy.title}`, policy.docs.summary],
    ['## Why', policy.docs.why],
    ['## What it looks at', matchTable(policy)],
    ['## Modes', modes(policy)],
    ['## Facts it needs', facts(policy)],
    ['## Configuration', configuration(policy)],
    ['## Findings', findings(policy)],
    ['## When it is blind', blind(policy)],
    ['## Limits', policy.docs.limits],
  ]);
}

function matchTable({ matches, phases }: Policy): string {
  const rows = matches.flatMap(({ group, resources, operations }) =>
    resources.map((resource) => [`\`${group || 'core'}\``, `\`${resource}\``, operations.join(', ')]),
  );
  return `It ${phases.map((phase) => phaseWords[phase]).join(' and ')}.\n\n${table(['API group', 'Resource', 'Operations'], rows)}`;
}

function modes({ id, defaultMode }: Policy): string {
  return [
    `By default: \`${defaultMode}\`. A namespace chooses another with a label, the configuration with \`policies.${id}.mode\`:`,
    '',
    '```sh',
    `kubectl label namespace NAME ${policyLabel(id)}=warn`,
    '```',
  ].join('\n');
}

function facts({ needs }: Policy): string {
  if (needs.length === 0) return 'None besides the request.';
  const rows = needs.map((fact) => [
    `\`${fact}\``,
    factSources[fact].map(({ group, resource }) => `\`${group === '' ? resource : `${resource}.${group}`}\``).join(', '),
  ]);
  return table(['Fact', 'Read from'], rows);
}

function configuration({ id, config: { schema, defaults } }: Policy): string {
  const rows = settings(schema, defaults, '').map(({ name, type, standard, description }) => [
    `\`${name}\``,
    type,
    standard === '' ? '' : `\`${standard}\``,
    description,
  ]);
  if (rows.length === 0) return 'No settings.';
  return `Under \`policies.${id}\`, beside \`mode\`:\n\n${table(['Setting', 'Type', 'Default', 'Meaning'], rows)}`;
}

interface Setting {
  readonly name: string;
  readonly type: string;
  readonly standard: string;
  readonly description: string;
}

function settings(schema: JsonObject, defaults: unknown, prefix: string): readonly Setting[] {
  return Object.entries(asObject(schema['properties']) ?? {}).flatMap(([key, value]): readonly Setting[] => {
    const setting = asObject(value) ?? {};
    const name = prefix + key;
    if (setting['properties'] !== undefined) return settings(setting, own(defaults, key), `${name}.`);
    return [
      { name, type: typeOf(setting), standard: spell(own(defaults, key)), description: asText(setting['description']) ?? '' },
    ];
  });
}

/** A value as one writes it in YAML. */
function spell(value: unknown): string {
  return value === undefined ? '' : typeof value === 'string' && value !== '' ? value : JSON.stringify(value);
}

function typeOf(setting: JsonObject): string {
  const choices = setting['enum'];
  if (Array.isArray(choices)) return choices.map((choice) => `\`${spell(choice)}\``).join(', ');
  const items = asObject(setting['items']);
  const type = Array.isArray(setting['type']) ? setting['type'].join(' or ') : (asText(setting['type']) ?? 'any');
  return [items === undefined ? type : `list of ${typeOf(items)}`, bounds(setting)].filter(Boolean).join(', ');
}

function bounds({ minimum, maximum }: JsonObject): string {
  if (typeof minimum === 'number' && typeof maximum === 'number') return `${minimum} to ${maximum}`;
  if (typeof minimum === 'number') return `at least ${minimum}`;
  return typeof maximum === 'number' ? `at most ${maximum}` : '';
}

function findings(policy: Policy): string {
  const rows = Object.entries(policy.findings).map(([code, spec]) => [`\`${code}\``, spec.effect, spec.means, spec.remedy]);
  return `${table(['Code', 'Effect', 'Meaning', 'What to do'], rows)}\n\nThe findings that any policy may have are on [the index page](README.md).`;
}

function blind({ whenBlind }: Policy): string {
  const rows = Object.entries(whenBlind.facts).map(([fact, effect]) => [`\`${fact}\` is unknown`, effect]);
  return table(['When', 'Effect'], [...rows, ['the policy itself fails', whenBlind.error]]);
}

function sections(parts: readonly (readonly [string, string])[]): string {
  return `${parts.map(([title, text]) => `${title}\n\n${text.trim()}`).join('\n\n')}\n`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
