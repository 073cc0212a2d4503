import { asList, asObject, asText, at, own, type Json, type JsonObject } from '../core/json.ts';
import { annotationSigns, declared, detectedByDatadog, type Asked } from './jvm-annotations.ts';
import { commandEvidence } from './jvm-command.ts';
import { threshold } from './jvm-evidence-data.ts';
import { imageEvidence } from './jvm-image.ts';
import { containerSigns, type Sign } from './jvm-signs.ts';
import { isSidecar } from './jvm-sidecar.ts';

export { jvmAnnotationFaults } from './jvm-annotations.ts';
export { isSidecar } from './jvm-sidecar.ts';

/** Does a container run a JVM, and why do we think so? */
export interface JvmEvidence {
  /** Name of the container, "" when it has none. */
  readonly name: string;
  readonly jvm: boolean;
  /** 0 to 100; 60 and more is a JVM. */
  readonly score: number;
  /** Stable tokens such as `image:eclipse-temurin` or `not-jvm:rabbitmq`, the decisive ones first. */
  readonly reasons: readonly string[];
}

export interface JvmQuestion {
  readonly container: JsonObject;
  /** The pod template around it. */
  readonly template: JsonObject;
  /** Annotations of the workload itself, where agents leave what they found. */
  readonly workloadAnnotations?: JsonObject;
}

const maxScore = 100;
/** DNS labels are shorter; no annotation can name a longer one. */
const maxName = 253;
/** A container called like this holds the product's image for its tools. */
const toolNames = new Set(['toolset', 'toolbox', 'tools', 'shell', 'debug', 'test', 'tests', 'backup']);

/**
 * Weighs what a container and its template say. Order of trust: our annotation, a running process seen by an agent, a Java
 * command, reasons against (native image, other runtime, nothing but tools), then the sum of everything else.
 * Total for any JSON; never looks at more than a bounded part of it.
 */
export function detectJvm(question: JvmQuestion): JvmEvidence {
  return detect(question, firstApp(question.template));
}

/** Evidence of every app container of a pod template, in order; init containers are not listed. */
export function jvmEvidenceOf(template: Json | undefined, workloadAnnotations?: JsonObject): readonly JvmEvidence[] {
  const around = asObject(template) ?? {};
  // Once for all: a template may have thousands of containers when nobody has validated it yet.
  const first = firstApp(around);
  return asList(at(around, 'spec', 'containers')).map((container) =>
    detect(
      { container: asObject(container) ?? {}, template: around, ...(workloadAnnotations && { workloadAnnotations }) },
      first,
    ),
  );
}

function detect({ container, template, workloadAnnotations }: JvmQuestion, first: Json | undefined): JvmEvidence {
  const name = asText(own(container, 'name')) ?? '';
  const asked = {
    template,
    annotations: asObject(at(template, 'metadata', 'annotations')),
    workloadAnnotations,
    name: name.length > maxName ? '' : name,
    isFirst: first === undefined || first === container || own(first, 'name') === own(container, 'name'),
  };
  const statement = declared(asked);
  if (statement !== undefined) return verdict(name, [statement]);
  if (detectedByDatadog(asked)) return verdict(name, [{ reason: 'annotation:detected_langs', points: maxScore }]);
  return { ...weigh(container, asked), name };
}

/** The container that agents mean when they name none. */
function firstApp(template: JsonObject): Json | undefined {
  return asList(at(template, 'spec', 'containers')).find((container) => !isSidecar(asObject(container) ?? {}));
}

function weigh(container: JsonObject, asked: Asked): JvmEvidence {
  const command = commandEvidence(container);
  if (command.java) return verdict(asked.name, command.signs);
  const image = imageEvidence(asText(own(container, 'image')) ?? '');
  const against = image.veto ?? (command.onlyTools === undefined ? undefined : `tool:${command.onlyTools}`);
  if (against !== undefined) return { name: asked.name, jvm: false, score: 0, reasons: [against] };
  const fromImage = isToolName(asked.name) && image.signs.length > 0 ? [] : image.signs;
  return verdict(asked.name, [...command.signs, ...annotationSigns(asked), ...fromImage, ...containerSigns(container)]);
}

function isToolName(name: string): boolean {
  return toolNames.has(name.slice(name.lastIndexOf('-') + 1));
}

/** Adds up what was found, each reason once. */
function verdict(name: string, signs: readonly Sign[]): JvmEvidence {
  const points = new Map(signs.map((sign) => [sign.reason, sign.points]));
  const sum = [...points.values()].reduce((total, next) => total + next, 0);
  const score = Math.min(maxScore, sum);
  return { name, jvm: score >= threshold, score, reasons: [...points.keys()] };
}
