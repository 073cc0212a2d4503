import { join } from 'node:path';
import { type Binary, binary } from './assets.ts';
import type { PlaneFolder } from './plane-folder.ts';

/** A process of the control plane. */
export type Component = Extract<Binary, 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kwok'>;

/** The components that may be left out. */
export type OptionalComponent = Exclude<Component, 'etcd' | 'kube-apiserver'>;

/** Ports on 127.0.0.1; the other components open none. */
export interface Ports {
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly apiserver: number;
}

/** What changes the command lines. */
export interface ComponentOptions {
  readonly featureGates: Readonly<Record<string, boolean>>;
  readonly auditLog: boolean;
  readonly egressProxy: boolean;
  readonly apiserverFlags: readonly string[];
}

/** A command line. */
export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
}

const here = import.meta.dirname;

/** The command line of each component. */
export function commandLines(folder: PlaneFolder, ports: Ports, options: ComponentOptions): Record<Component, CommandLine> {
  const kubeconfig = (user: string) => `--kubeconfig=${join(folder.kubeconfigs, user)}`;
  return {
    etcd: { command: binary('etcd'), args: etcdFlags(folder, ports) },
    'kube-apiserver': { command: binary('kube-apiserver'), args: apiserverFlags(folder, ports, options) },
    'kube-controller-manager': {
      command: binary('kube-controller-manager'),
      args: [kubeconfig('kube-controller-manager'), ...controllerManagerFlags(folder)],
    },
    'kube-scheduler': {
      command: binary('kube-scheduler'),
      args: [
        kubeconfig('kube-scheduler'),
        '--leader-elect=false',
        '--secure-port=0',
        '--kube-api-qps=500',
        '--kube-api-burst=1000',
      ],
    },
    kwok: {
      command: binary('kwok'),
      args: [
        kubeconfig('kwok'),
        '--manage-all-nodes',
        `--config=${join(here, 'stages.yaml')}`,
        '--cidr=198.18.0.0/15', // RFC 2544: addresses nobody listens on
        '--node-ip=203.0.113.1',
        '--node-lease-duration-seconds=40',
      ],
    },
  };
}

function etcdFlags(folder: PlaneFolder, ports: Ports): string[] {
  const client = `http://127.0.0.1:${ports.etcd}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return [
    '--name=plane',
    `--data-dir=${folder.etcd}`,
    '--unsafe-no-fsync',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=plane=${peer}`,
    '--log-level=warn',
  ];
}

function apiserverFlags(folder: PlaneFolder, ports: Ports, options: ComponentOptions): string[] {
  const gates = Object.entries(options.featureGates).map(([name, on]) => `${name}=${String(on)}`);
  return [
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    '--bind-address=127.0.0.1',
    // Loopback may not be published as an endpoint, and the default asks for a default route: publish nothing.
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none',
    `--secure-port=${ports.apiserver}`,
    `--cert-dir=${folder.apiserver}`,
    '--authorization-mode=RBAC',
    `--token-auth-file=${folder.tokens}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${folder.serviceAccountKey}`,
    `--service-account-signing-key-file=${folder.serviceAccountKey}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    '--disable-admission-plugins=ServiceAccount',
    '--enable-aggregator-routing=true',
    '--allow-privileged=true',
    '--shutdown-watch-termination-grace-period=1s', // a restart by SIGTERM must not wait for the watches of the controllers
    ...(gates.length > 0 ? [`--feature-gates=${gates.join(',')}`] : []),
    ...(options.egressProxy ? [`--egress-selector-config-file=${folder.egressConfig}`] : []),
    ...(options.auditLog
      ? [`--audit-policy-file=${join(here, 'audit-policy.yaml')}`, `--audit-log-path=${folder.auditLog}`]
      : []),
    ...options.apiserverFlags,
  ];
}

function controllerManagerFlags(folder: PlaneFolder): string[] {
  return [
    '--leader-elect=false',
    '--secure-port=0',
    // Each controller signs in as its own service account, as kubeadm has it: webhooks see the real user names.
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${folder.serviceAccountKey}`,
    `--root-ca-file=${folder.caFile}`,
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
  ];
}
