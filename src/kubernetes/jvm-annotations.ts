import { asText, at, own, type Json, type JsonObject } from '../core/json.ts';
import { pathSigns, type Sign } from './jvm-signs.ts';

const ownJvm = 'rollback-bouncer.dev/jvm';
const ownContainers = 'rollback-bouncer.dev/jvm-containers';
const otel = 'instrumentation.opentelemetry.io/';
const datadog = 'admission.datadoghq.com/';
const otherLanguages = ['nodejs', 'python', 'dotnet', 'go', 'apache-httpd', 'nginx'];

/** A container name is at most 63 characters of this alphabet (DNS label). */
const containerName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const maxLength = 4096;

/** Which container of a template is asked about. */
export interface Asked {
  readonly template: JsonObject;
  /** Those of the pod template. */
  readonly annotations: JsonObject | undefined;
  readonly workloadAnnotations: JsonObject | undefined;
  readonly name: string;
  /** OpenTelemetry and Datadog mean the first app container when they name none. */
  readonly isFirst: boolean;
}

function annotation({ annotations }: Asked, key: string): string | undefined {
  const value = asText(own(annotations, key));
  return value !== undefined && value.length <= maxLength ? value : undefined;
}

function namesIn(list: string): readonly string[] {
  return list.split(',').map((name) => name.trim());
}

/** What the owner declared about a container: it decides over everything. Malformed declarations count as absent. */
export function declared(asked: Asked): Sign | undefined {
  const list = annotation(asked, ownContainers);
  if (list !== undefined && isNameList(list)) {
    const named = namesIn(list).includes(asked.name);
    if (named) return { reason: `annotation:${ownContainers}`, points: 100 };
  }
  const flag = annotation(asked, ownJvm);
  if (flag === 'true' || flag === 'false') return { reason: `annotation:${ownJvm}=${flag}`, points: flag === 'true' ? 100 : 0 };
  return list !== undefined && isNameList(list) ? { reason: `annotation:${ownContainers}`, points: 0 } : undefined;
}

function isNameList(list: string): boolean {
  return namesIn(list).every((name) => containerName.test(name));
}

/**
 * Our own annotations on a pod template that cannot be read and are therefore ignored, as `key: "value"`, values shortened.
 * For a warning; empty when all is well.
 */
export function jvmAnnotationFaults(template: Json | undefined): readonly string[] {
  const fault = (key: string, isValid: (value: string) => boolean): readonly string[] => {
    const value = at(template, 'metadata', 'annotations', key);
    if (value === undefined || value === null || (typeof value === 'string' && value.length <= maxLength && isValid(value)))
      return [];
    return [`${key}: "${(asText(value) ?? typeof value).slice(0, 60)}"`];
  };
  return [...fault(ownJvm, (value) => value === 'true' || value === 'false'), ...fault(ownContainers, isNameList)];
}

/** What other tools' annotations say about a container. */
export function annotationSigns(asked: Asked): readonly Sign[] {
  const labelled = runtimeLabelSigns(asked);
  return asked.annotations === undefined
    ? labelled
    : [...openTelemetrySigns(asked), ...datadogSigns(asked), ...scrapeSigns(asked), ...labelled];
}

/** @see https://opentelemetry.io/docs/platforms/kubernetes/operator/automatic/ */
function openTelemetrySigns(asked: Asked): readonly Sign[] {
  const injects = (language: string): boolean =>
    !['', 'false', undefined].includes(annotation(asked, `${otel}inject-${language}`));
  if (!injects('java')) return [];
  const list = annotation(asked, `${otel}java-container-names`) ?? annotation(asked, `${otel}container-names`);
  const decides = list === undefined ? asked.isFirst && !otherLanguages.some(injects) : namesIn(list).includes(asked.name);
  return decides ? [{ reason: 'annotation:inject-java', points: 100 }] : [];
}

/** @see https://docs.datadoghq.com/tracing/trace_collection/library_injection_local/ */
function datadogSigns(asked: Asked): readonly Sign[] {
  const has = (key: string): boolean => (annotation(asked, `${datadog}${key}`) ?? '') !== '';
  const found = ['java-lib.version', 'java-lib.custom-image'].some(
    (key) => has(`${asked.name}.${key}`) || (asked.isFirst && has(key)),
  );
  return found ? [{ reason: 'annotation:java-lib', points: 100 }] : [];
}

/** Datadog's node agent looks at running processes and writes what it found onto the owner. */
export function detectedByDatadog({ workloadAnnotations, name }: Asked): boolean {
  const languages = asText(own(workloadAnnotations, `internal.dd.datadoghq.com/${name}.detected_langs`));
  return languages !== undefined && namesIn(languages.slice(0, maxLength)).includes('java');
}

function scrapeSigns(asked: Asked): readonly Sign[] {
  return asked.isFirst ? pathSigns('annotation', annotation(asked, 'prometheus.io/path') ?? '') : [];
}

const runtimeLabels = new Set([
  'spring',
  'spring-boot',
  'java',
  'openjdk',
  'quarkus',
  'tomcat',
  'wildfly',
  'jboss',
  'eap',
  'vertx',
]);

/** OpenShift's console draws its icon after this label. */
function runtimeLabelSigns({ template, isFirst }: Asked): readonly Sign[] {
  const runtime = asText(at(template, 'metadata', 'labels', 'app.openshift.io/runtime')) ?? '';
  return isFirst && runtimeLabels.has(runtime) ? [{ reason: `label:runtime=${runtime}`, points: 60 }] : [];
}
