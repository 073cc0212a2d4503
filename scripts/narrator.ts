import type { Installation } from '../test/controlplane/installation.ts';
import type { Plane } from '../test/controlplane/plane.ts';
import type { ToolResult, ToolRun } from '../test/controlplane/kubectl.ts';

const colours = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
const paint =
  (code: number) =>
  (text: string): string =>
    colours ? `\u001b[${code}m${text}\u001b[0m` : text;
const bold = paint(1);
const dim = paint(2);
const green = paint(32);
const yellow = paint(33);

/** Tells the story: headings, commands with what they answer, and the audit lines that they left. */
export interface Narrator {
  readonly chapter: (title: string) => void;
  readonly say: (text: string) => void;
  /** Runs kubectl as the user would type it, and prints both. */
  readonly kubectl: (args: readonly string[], run?: ToolRun) => Promise<string>;
  /** The same where the answer may be a refusal, or comes with a warning that matters. */
  readonly attempt: (args: readonly string[], run?: ToolRun) => Promise<ToolResult>;
  /** Prints the audit lines about an object that are new since the last call. */
  readonly audit: (name: string) => void;
  /** A promise of the story that must hold; the demo fails when it does not. */
  readonly expect: (what: string, holds: boolean) => void;
}

export function narrator(plane: Plane, installation: Installation): Narrator {
  let chapters = 0;
  const told = new Map<string, number>();
  const kubectl = async (args: readonly string[], run?: ToolRun): Promise<ToolResult> => {
    console.log(`${green('$')} ${bold(`kubectl ${args.map(quoted).join(' ')}`)}`);
    const result = await plane.kubectl(args, run);
    for (const line of result.stderr.trimEnd().split('\n')) if (line !== '') console.log(yellow(short(line)));
    if (result.stdout.trimEnd() !== '') console.log(result.stdout.trimEnd());
    return result;
  };
  return {
    chapter: (title) => console.log(`\n${bold(`${(chapters += 1)}. ${title}`)}\n`),
    say: (text) => console.log(text),
    kubectl: async (args, run) => (await kubectl(args, run)).stdout,
    attempt: (args, run) => kubectl(args, { ...run, expectFailure: 'either' }),
    audit: (name) => {
      const lines = installation.audit(name);
      for (const line of lines.slice(told.get(name) ?? 0)) console.log(dim(`  audit  ${shortened(line)}`));
      told.set(name, lines.length);
    },
    expect: (what, holds) => {
      if (!holds) throw new Error(`the demo expected: ${what}`);
      console.log(green(`  ✓ ${what}`));
    },
  };
}

function quoted(word: string): string {
  return /[\s{}'*?$;"[\]]/.test(word) ? `'${word}'` : word;
}

/** kubectl shows the whole patch that was refused. */
function short(line: string): string {
  return line.startsWith('{"metadata":') ? `${line.slice(0, 80)}…` : line;
}

/** Where things are found: the command above says it already. */
const known: readonly string[] = ['object', 'rule', 'namespace', 'workload', 'selector', 'autoscaled'];

/** The parts of a line that tell the story; the whole one is in docs/audit-log.md. */
function shortened(line: Record<string, unknown>): string {
  const { phase, verdict, operation, user, findings, patchDigest, durationMs } = line as {
    phase: string;
    verdict: string;
    operation: string;
    user: { name: string };
    findings: { policy: string; code: string; detail: Record<string, unknown> }[];
    patchDigest: string | null;
    durationMs: number;
  };
  const found = findings.map(({ policy, code, detail }) => {
    const numbers = Object.entries(detail).filter(([key]) => !known.includes(key));
    return { code: `${policy}/${code}`, ...Object.fromEntries(numbers) };
  });
  return JSON.stringify({
    phase,
    verdict,
    operation,
    user: user.name,
    findings: found,
    ...(patchDigest !== null && { patchDigest: `${patchDigest.slice(0, 15)}…` }),
    durationMs,
  });
}
