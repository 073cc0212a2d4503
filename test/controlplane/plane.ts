import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Api, makeApi } from './api.ts';
import { type CrdSet, freePorts } from './assets.ts';
import { type Component, type OptionalComponent, commandLines } from './components.ts';
import { installCrds } from './crds.ts';
import { type Endpoints, makeEndpoints } from './endpoints.ts';
import { type NamespaceOptions, bindRole, createNamespace } from './grants.ts';
import { removeAfterUs } from './guard.ts';
import { type Tools, makeTools } from './kubectl.ts';
import { addNodes } from './nodes.ts';
import { type PlaneFolder, createPlaneFolder } from './plane-folder.ts';
import { type Processes, makeProcesses } from './processes.ts';
import { waitForAddons, waitForApiserver, waitForCertificate } from './readiness.ts';
import { type ServiceProxy, startServiceProxy } from './service-proxy.ts';
import { type KnownUser, type User, standardUsers, writeKubeconfigs, writeTokens } from './users.ts';

/** What a plane consists of. */
export interface PlaneOptions {
  /** Besides etcd and the API server, which are always there. Default: all. */
  readonly components?: readonly OptionalComponent[];
  /** Of the API server. */
  readonly featureGates?: Readonly<Record<string, boolean>>;
  /** More flags for the API server. */
  readonly apiserverFlags?: readonly string[];
  /** Keep an audit log (see `audit-policy.yaml`). Default: no. */
  readonly auditLog?: boolean;
  readonly crds?: readonly CrdSet[];
  /** Let the API server reach Services through our proxy. Default: yes. */
  readonly egressProxy?: boolean;
  /** Where the logs go; default: a folder that `stop` removes. */
  readonly logFolder?: string;
  /** Users besides `standardUsers`, by the name tests call them. */
  readonly users?: Readonly<Record<string, User>>;
  /** kwok nodes to begin with, when kwok is there. Default: 3. */
  readonly nodes?: number;
}

/** A running control plane on loopback. */
export interface Plane extends Tools {
  readonly server: string;
  readonly folder: PlaneFolder;
  /** Milliseconds from the call of `startPlane` to a usable plane. */
  readonly startMs: number;
  readonly users: ReadonlyMap<string, KnownUser>;
  readonly api: Api;
  readonly endpoints: Endpoints;
  readonly processes: Processes;
  /** Path of a user's kubeconfig file. Default: admin. */
  kubeconfig(user?: string): string;
  /** Create a namespace with the standard users bound in it. */
  createNamespace(name: string, options?: NamespaceOptions): Promise<void>;
  /** Bind a user to a ClusterRole, in a namespace or in the whole cluster. */
  bindRole(user: string, clusterRole: string, namespace?: string): Promise<void>;
  addNodes(count: number): Promise<string[]>;
  installCrds(sets: readonly CrdSet[]): Promise<void>;
  /** Stop a component by a signal (default SIGKILL) and start it again, on the same ports; waits until the API server is ready. */
  restart(component: Component, signal?: NodeJS.Signals): Promise<void>;
  /** The audit log so far, one event a line. */
  auditEvents(): unknown[];
  /** Kill everything and remove the folder. */
  stop(): Promise<void>;
}

const attempts = 3;

/**
 * Start a control plane. Several may run side by side.
 * @throws when it is not ready in time, with the last lines of the failing component's log.
 */
export async function startPlane(options: PlaneOptions = {}): Promise<Plane> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryToStart(options);
    } catch (error) {
      const portTaken = error instanceof Error && error.message.includes('address already in use');
      if (!portTaken || attempt === attempts) throw error;
    }
  }
}

async function tryToStart(options: PlaneOptions): Promise<Plane> {
  const started = performance.now();
  const folder = createPlaneFolder(options.logFolder);
  const janitor = removeAfterUs(folder.root);
  const users = writeTokens(folder.tokens, { ...standardUsers, ...options.users });
  const [etcd = 0, etcdPeer = 0, apiserver = 0] = await freePorts(3);
  const { featureGates = {}, auditLog = false, egressProxy = true, apiserverFlags = [] } = options;
  const commands = commandLines(folder, { etcd, etcdPeer, apiserver }, { featureGates, auditLog, egressProxy, apiserverFlags });
  const processes = makeProcesses(folder, commands);
  const proxy = await startServiceProxy(folder.egressSocket);
  const closers: (() => unknown)[] = [];
  const stop = async () => {
    for (const close of closers.splice(0)) close();
    await processes.killAll();
    await proxy.close();
    await rm(folder.root, { recursive: true, force: true, maxRetries: 5 });
    janitor.dismiss();
  };
  try {
    const plane = await assemble({ options, folder, users, processes, proxy, port: apiserver, closers, stop });
    return { ...plane, startMs: Math.round(performance.now() - started) };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Parts {
  readonly options: PlaneOptions;
  readonly folder: PlaneFolder;
  readonly users: ReadonlyMap<string, KnownUser>;
  readonly processes: Processes;
  readonly proxy: ServiceProxy;
  readonly port: number;
  readonly closers: (() => unknown)[];
  readonly stop: () => Promise<void>;
}

async function assemble({
  options,
  folder,
  users,
  processes,
  proxy,
  port,
  closers,
  stop,
}: Parts): Promise<Omit<Plane, 'startMs'>> {
  const server = `https://127.0.0.1:${port}`;
  const components = options.components ?? (['kube-controller-manager', 'kube-scheduler', 'kwok'] as const);
  processes.launch('etcd');
  processes.launch('kube-apiserver');
  await waitForCertificate(processes, folder.caFile);
  writeKubeconfigs(folder.kubeconfigs, server, folder.caFile, users);
  const { api, close } = makeApi({ port, caFile: folder.caFile, users });
  closers.push(close);
  await waitForApiserver(processes, api);
  for (const component of components) processes.launch(component);
  const tools = makeTools(folder);
  await Promise.all([
    installCrds(tools, options.crds ?? []),
    components.includes('kwok') ? addNodes(api, options.nodes ?? 3) : [],
    waitForAddons(processes, api, components),
  ]);
  return {
    ...tools,
    server,
    folder,
    users,
    api,
    processes,
    endpoints: makeEndpoints(api, proxy),
    kubeconfig: (user = 'admin') => kubeconfigOf(folder, user),
    createNamespace: (name, namespaceOptions) => createNamespace(api, users, name, namespaceOptions),
    bindRole: (user, clusterRole, namespace) => bindRole(api, users, user, clusterRole, namespace),
    addNodes: (count) => addNodes(api, count),
    installCrds: (sets) => installCrds(tools, sets),
    restart: async (component, signal) => {
      await processes.halt(component, signal);
      processes.launch(component);
      await waitForApiserver(processes, api);
    },
    auditEvents: () => auditEvents(folder.auditLog),
    stop,
  };
}

function kubeconfigOf(folder: PlaneFolder, user: string): string {
  const path = join(folder.kubeconfigs, user);
  if (!existsSync(path)) throw new Error(`this plane has no user ${user}`);
  return path;
}

function auditEvents(file: string): unknown[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as unknown);
}
