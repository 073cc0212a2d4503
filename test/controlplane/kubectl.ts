import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Binary, binary } from './assets.ts';
import { spawnGuarded } from './guard.ts';
import type { PlaneFolder } from './plane-folder.ts';

/** How to run a tool against the plane. */
export interface ToolRun {
  readonly user?: string;
  readonly input?: string;
  readonly namespace?: string;
  /** true: the tool must fail; 'either': both are fine. Default: it must succeed. */
  readonly expectFailure?: boolean | 'either';
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** What a tool answered. */
export interface ToolResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Any Kubernetes object; pass a narrower type to `get` and `list` to read more. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

/** The command line tools of a plane. */
export interface Tools {
  /** Run kubectl. @throws with the full output when the exit code is not what was expected. */
  kubectl(args: readonly string[], run?: ToolRun): Promise<ToolResult>;
  /** Run Helm 3 or 4, with cache, configuration and data of its own. @throws like `kubectl`. */
  helm(major: 3 | 4, args: readonly string[], run?: ToolRun): Promise<ToolResult>;
  /** Run any other of the binaries. @throws like `kubectl`. */
  run(name: Binary, args: readonly string[], run?: ToolRun): Promise<ToolResult>;
  /** `kubectl apply` of objects, or of YAML text. */
  apply(manifest: string | object | readonly object[], run?: ToolRun): Promise<ToolResult>;
  /** One object, or an error when there is none. */
  get<T = KubeObject>(kind: string, name: string, namespace?: string): Promise<T>;
  /** All objects of a kind in a namespace (or in all), by label selector when given. */
  list<T = KubeObject>(kind: string, namespace?: string, selector?: string): Promise<T[]>;
}

/** The tools of a plane, each signing in with the kubeconfig of a user. */
export function makeTools(folder: PlaneFolder): Tools {
  const tool = (command: string) => (args: readonly string[], run?: ToolRun) =>
    runTool(folder, command, withNamespace(args, run), run);
  const kubectl = tool(binary('kubectl'));
  return {
    kubectl,
    helm: (major, args, run) => tool(binary(`helm${major}`))(args, run),
    run: (name, args, run) => tool(binary(name))(args, run),
    apply: (manifest, run) => kubectl(['apply', '-f', '-'], { ...run, input: manifestText(manifest) }),
    get: async <T>(kind: string, name: string, namespace?: string) =>
      JSON.parse((await kubectl(['get', kind, name, '-o', 'json'], inNamespace(namespace))).stdout) as T,
    list: async <T>(kind: string, namespace?: string, selector?: string) => {
      const scope = namespace === undefined ? ['--all-namespaces'] : [];
      const filter = selector === undefined ? [] : ['-l', selector];
      const { stdout } = await kubectl(['get', kind, '-o', 'json', ...scope, ...filter], inNamespace(namespace));
      return (JSON.parse(stdout) as { items: T[] }).items;
    },
  };
}

const inNamespace = (namespace: string | undefined): ToolRun => (namespace === undefined ? {} : { namespace });

function withNamespace(args: readonly string[], run: ToolRun = {}): readonly string[] {
  return run.namespace === undefined ? args : [`--namespace=${run.namespace}`, ...args];
}

function manifestText(manifest: string | object | readonly object[]): string {
  if (typeof manifest === 'string') return manifest;
  return JSON.stringify(Array.isArray(manifest) ? { apiVersion: 'v1', kind: 'List', items: manifest as object[] } : manifest);
}

/** Nothing of the caller's environment but PATH: no kubeconfig, proxy or Helm setting of the machine has a say. */
function toolEnvironment({ home, kubeconfigs }: PlaneFolder, run: ToolRun = {}): Record<string, string> {
  const cache = join(home, 'cache');
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    TMPDIR: home,
    KUBECONFIG: join(kubeconfigs, run.user ?? 'admin'),
    KUBECACHEDIR: join(cache, 'kubectl'),
    HELM_CACHE_HOME: join(cache, 'helm'),
    HELM_CONFIG_HOME: join(home, 'helm-config'),
    HELM_DATA_HOME: join(home, 'helm-data'),
    ...run.env,
  };
}

/**
 * Run a command to its end; it dies with us.
 * @throws with the command line and all output when the exit code is not what was expected, or after `timeoutMs` (default 120,000).
 */
async function runTool(
  folder: PlaneFolder,
  command: string,
  args: readonly string[],
  { input, expectFailure = false, timeoutMs = 120_000, ...run }: ToolRun = {},
): Promise<ToolResult> {
  const inputFile = input === undefined ? undefined : join(folder.home, `input-${randomUUID()}`);
  if (inputFile !== undefined) await writeFile(inputFile, input ?? '', { mode: 0o600 });
  const env = toolEnvironment(folder, run);
  const tool = spawnGuarded({ command, args, env, keepAlive: true, ...(inputFile === undefined ? {} : { inputFile }) });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    tool.process[name]?.setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  let overdue = '';
  const timer = setTimeout(() => {
    overdue = `\nkilled after ${timeoutMs} ms`;
    void tool.stop();
  }, timeoutMs);
  const code = await tool.exited;
  clearTimeout(timer);
  if (inputFile !== undefined) await rm(inputFile, { force: true });
  if (overdue || (expectFailure !== 'either' && (code !== 0) !== expectFailure))
    throw new Error(`${command} ${args.join(' ')}: unexpected exit code ${code}${overdue}\n${output.stdout}${output.stderr}`);
  return { code, ...output };
}
