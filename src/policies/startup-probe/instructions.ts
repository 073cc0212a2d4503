import { asText, type JsonObject } from '../../core/json.ts';
import type { AdmissionRequest } from '../../core/request.ts';
import { annotation, podTemplate } from '../../kubernetes/workload.ts';
import { handlerSources, type HandlerSource } from './derive.ts';

export const startupProbeAnnotation = 'rollback-bouncer.dev/startup-probe';

/** What the author told us in the annotation: nothing, to be left alone, or where to take the handler from. */
export type Instruction =
  | { readonly kind: 'none' }
  | { readonly kind: 'skip'; readonly reason: string }
  | { readonly kind: 'from'; readonly from: HandlerSource }
  | { readonly kind: 'malformed'; readonly value: string };

const maximumCharacters = 512;

/**
 * Read from the workload first, where a change rolls nothing out, else from the pod template, else from the workload as it is stored:
 * `kubectl rollout undo` replaces the annotations of a Deployment by those of the old ReplicaSet.
 */
export function instructionOf({ object, oldObject }: AdmissionRequest, template: JsonObject): Instruction {
  const value =
    annotation(object, startupProbeAnnotation) ??
    annotation(template, startupProbeAnnotation) ??
    annotation(oldObject, startupProbeAnnotation);
  return value === undefined ? { kind: 'none' } : parseInstruction(value);
}

/** What stood on the stored workload or its template. */
export function storedInstruction({ oldObject }: AdmissionRequest): Instruction {
  const value = annotation(oldObject, startupProbeAnnotation) ?? annotation(podTemplate(oldObject), startupProbeAnnotation);
  return value === undefined ? { kind: 'none' } : parseInstruction(value);
}

/** Grammar: `skip; reason=TEXT` or `from=liveness|readiness|port`. */
export function parseInstruction(value: string): Instruction {
  const malformed = { kind: 'malformed', value: value.slice(0, 40) } as const;
  if (value.length > maximumCharacters) return malformed;
  const [head = '', ...rest] = value.split(';').map((part) => part.trim());
  const from = handlerSources.find((source) => head === `from=${source}`);
  if (from !== undefined) return rest.length === 0 ? { kind: 'from', from } : malformed;
  const reason = asText(rest[0])
    ?.match(/^reason=(.*)$/)?.[1]
    ?.trim();
  return head === 'skip' && rest.length === 1 && reason ? { kind: 'skip', reason } : malformed;
}
