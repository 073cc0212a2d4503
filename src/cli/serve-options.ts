/** What `serve` was told on its command line. */
export interface ServeOptions {
  readonly tlsCertFile: string;
  readonly tlsPrivateKeyFile: string;
  readonly config?: string;
  readonly kubeconfig?: string;
  readonly address: string;
  readonly port: number;
  readonly drainSeconds: number;
}
