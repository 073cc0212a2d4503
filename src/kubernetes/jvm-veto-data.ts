import type { WordRow } from './jvm-image-data.ts';

/** Databases and brokers in other languages. They yield to a framework in front of them (`spring-boot-mongo`). */
export const backingRows: readonly WordRow[] = [
  [
    'postgres postgresql pgbouncer pgpool timescaledb mysql mysqld mariadb percona mongo mongodb mongos sqlite',
    'C and C++ databases',
  ],
  [
    'redis valkey keydb dragonfly memcached couchdb couchbase influxdb clickhouse cockroach cockroachdb scylla arangodb tidb',
    'other databases',
  ],
  ['rabbitmq emqx vernemq mosquitto nats redpanda', 'brokers in Erlang, C, Go and C++'],
];

/** What is never a JVM, whatever its environment says: one word of the image's last path segment is enough. */
export const vetoRows: readonly WordRow[] = [
  ['nginx haproxy envoy envoyproxy traefik caddy varnish squid proxyv2 kong apisix oauth2-proxy openresty', 'proxies'],
  ['grafana prometheus alertmanager thanos promtail mimir telegraf chronograf statsd collectd netdata', 'monitoring'],
  [
    'kibana opensearch-dashboards fluentd fluentbit fluent-bit filebeat metricbeat auditbeat packetbeat heartbeat',
    'log shippers and Node',
  ],
  ['vault consul etcd minio coredns cilium calico istio pilot linkerd2 argocd fluxcd dex keda', 'infrastructure in Go'],
  ['busybox kubectl curl bats git-sync', 'shells and tools'],
  ['nodejs golang dotnet aspnet aspnetcore aspnet-core deno bun rustlang uwsgi gunicorn uvicorn', 'other runtimes'],
  [
    'wordpress drupal joomla nextcloud ghost mediawiki gitea gitlab airflow superset celery django flask rails',
    'applications in other languages',
  ],
  [
    'laravel symfony nextjs nuxt sentry kafkacat kcat kminion burrow karapace jaeger otelcol otel-collector',
    'applications in other languages',
  ],
  [
    'opentelemetry-collector newrelic-infra kube-state-metrics guacd tb-js-executor tb-web-ui kafka-pixy',
    'look-alikes in other languages',
  ],
  [
    'minecraft-bedrock-server bedrock xray-server ssh-agent k8s-sidecar kiwigrid monitoring-daemon',
    'look-alikes in other languages',
  ],
];

/** Whole last segments that are too short to be looked for as words. */
export const vetoNameRows: readonly WordRow[] = [
  ['node python ruby php perl golang go rust erlang elixir gcc swift haskell', 'language images'],
  ['httpd apache registry harbor-core agent cluster-agent alpine ubi-minimal pause tini', 'exact names only'],
];

/** Programs that a container may run out of a JVM image without running a JVM. */
export const toolRows: readonly WordRow[] = [
  [
    'sleep tail cp mv rm ln chown chmod mkdir touch echo printf cat ls head grep sed awk date test true false wait kill trap',
    'coreutils',
  ],
  ['curl wget nc ncat netcat dig nslookup ping openssl tar gzip unzip sysctl ulimit id hostname jq yq keytool', 'small tools'],
  [
    'kubectl helm oc aws gsutil gcloud az mc rclone restic bats git psql pg_dump mysql mysqldump mongo mongosh redis-cli',
    'clients',
  ],
  [
    'python python2 python3 pip node npm npx ruby perl php dotnet nginx envoy httpd kafkacat kcat uwsgi gunicorn',
    'other runtimes',
  ],
  [
    'apt-get apt apk yum dnf microdnf crond cron supercronic sshd vault consul filebeat fluent-bit fluentd telegraf',
    'packages and daemons',
  ],
];

/** Words of a shell that stand in front of a command or around it. */
export const shellRows: readonly WordRow[] = [
  ['exec nohup sudo env time nice command eval builtin dumb-init tini catatonit setsid stdbuf', 'runs what follows'],
  ['if then else elif fi for while until do done case esac in { } ! [ [[ set export unset shopt local declare readonly', 'shell'],
  ['cd pushd popd source umask shift return exit break continue : . umask function', 'shell'],
];

/** Containers that stand beside the application: never given a startup probe, JVM or not. */
export const sidecarRows: readonly WordRow[] = [
  ['istio-proxy istio-init proxyv2 linkerd-proxy linkerd-init envoy kuma-sidecar daprd dapr-sidecar', 'service meshes'],
  ['vault-agent vault-agent-init consul-dataplane consul-connect-envoy-sidecar consul-template', 'HashiCorp agents'],
  ['fluent-bit fluentbit fluentd filebeat promtail vector logrotate log-shipper', 'log shippers'],
  ['datadog-agent otel-collector otc-container opentelemetry-collector oneagent newrelic-infra telegraf', 'telemetry agents'],
  [
    'aws-xray-daemon xray-daemon cloudwatch-agent jaeger-agent statsd-exporter node-exporter metrics-exporter',
    'telemetry agents',
  ],
  ['cloudsql-proxy cloud-sql-proxy gce-proxy oauth2-proxy kube-rbac-proxy queue-proxy pgbouncer', 'proxies'],
  ['config-reloader configmap-reload prometheus-config-reloader k8s-sidecar git-sync kiwigrid', 'configuration loaders'],
  ['jmx-exporter jmx-prometheus-exporter kafka-jmx-exporter prometheus-jmx-exporter exporter', 'metrics exporters'],
];
