import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where a plane keeps its files. Everything is below `root`, except logs when the caller wants them elsewhere. */
export interface PlaneFolder {
  readonly root: string;
  readonly logs: string;
  readonly etcd: string;
  readonly apiserver: string;
  readonly caFile: string;
  readonly tokens: string;
  readonly serviceAccountKey: string;
  readonly kubeconfigs: string;
  readonly auditLog: string;
  readonly egressConfig: string;
  readonly egressSocket: string;
  readonly home: string;
}

/** Create the folder of a new plane, with the service account key and the egress configuration. */
export function createPlaneFolder(logFolder?: string): PlaneFolder {
  const root = mkdtempSync(join(tmpdir(), 'plane-')); // short: a socket's path has at most 104 bytes
  const folder: PlaneFolder = {
    root,
    logs: logFolder ?? join(root, 'logs'),
    etcd: join(root, 'etcd'),
    apiserver: join(root, 'apiserver'),
    caFile: join(root, 'apiserver', 'apiserver.crt'),
    tokens: join(root, 'tokens.csv'),
    serviceAccountKey: join(root, 'service-account.key'),
    kubeconfigs: join(root, 'kubeconfigs'),
    auditLog: join(logFolder ?? join(root, 'logs'), 'audit.log'),
    egressConfig: join(root, 'egress.json'),
    egressSocket: join(root, 'egress.sock'),
    home: join(root, 'home'),
  };
  for (const path of [folder.logs, folder.apiserver, folder.kubeconfigs, folder.home]) mkdirSync(path, { recursive: true });
  writeFileSync(folder.serviceAccountKey, serviceAccountKey(), { mode: 0o600 });
  writeFileSync(folder.egressConfig, JSON.stringify(egressSelector(folder.egressSocket)));
  return folder;
}

function serviceAccountKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'sec1', format: 'pem' }) as string;
}

/** Traffic to Services and pods goes through our proxy; webhooks by URL and etcd are dialled directly. */
function egressSelector(socket: string): unknown {
  const transport = { uds: { udsName: socket } };
  return {
    apiVersion: 'apiserver.k8s.io/v1beta1',
    kind: 'EgressSelectorConfiguration',
    egressSelections: [{ name: 'cluster', connection: { proxyProtocol: 'HTTPConnect', transport } }],
  };
}

/** The last lines of a log file, or a remark that there is none. */
export function tail(file: string, lines: number): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return `(no log at ${file})`;
  }
}
