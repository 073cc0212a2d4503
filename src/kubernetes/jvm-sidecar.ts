import { asText, own, type JsonObject } from '../core/json.ts';
import { parseImage } from './image.ts';
import { wordSet } from './jvm-image.ts';
import { sidecarRows } from './jvm-veto-data.ts';

const sidecars = wordSet(sidecarRows);
const maxLength = 512;
/** Programs whose metrics a `<program>-exporter` image translates. Not any word: `invoice-exporter` is somebody's application. */
const exported = new Set(
  (
    'jmx prometheus node statsd blackbox kafka zookeeper cassandra elasticsearch opensearch redis postgres postgresql mysql mysqld ' +
    'mongodb rabbitmq nginx apache haproxy memcached solr logstash jenkins consul process snmp'
  ).split(' '),
);

/**
 * Stands this container beside the application (mesh proxy, agent, log shipper, metrics exporter)? Such a container is never
 * given a probe, JVM or not: it would hold back the application for no gain.
 */
export function isSidecar(container: JsonObject): boolean {
  const name = (asText(own(container, 'name')) ?? '').slice(0, maxLength);
  const image = (asText(own(container, 'image')) ?? '').slice(0, maxLength);
  const { repository } = parseImage(image);
  const base = repository.slice(repository.lastIndexOf('/') + 1).replaceAll('_', '-');
  return sidecars.has(name) || sidecars.has(base) || isExporter(base);
}

function isExporter(base: string): boolean {
  if (!base.endsWith('-exporter')) return false;
  const words = base.split('-');
  return exported.has(words.at(-2) ?? '');
}
