import { serviceKey } from '../../core/keys.ts';
import { memoised } from '../../core/memo.ts';

/** What a host of a route or of a DestinationRule means. */
export type HostMeaning =
  | {
      readonly kind: 'service';
      readonly namespace: string;
      readonly name: string;
      /** Istio takes the spelling literally and finds no Service by it, though its author most likely meant this one. */
      readonly doubtful: boolean;
    }
  | { readonly kind: 'external' };

const external: HostMeaning = { kind: 'external' };
/** Without a final dot: https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4. */
export const mostHostCharacters = 253;
/** In upper case too: Istio lets it pass its validation. */
const label = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/i;
const digits = /^\d+$/;

/**
 * The Service that a host means, for an object of this namespace. Istio completes a name without a dot with the namespace of the
 * object, and takes every other one as it is: ResolveShortnameToFQDN in
 * https://github.com/istio/istio/blob/master/pilot/pkg/model/config.go. So `reviews.prod` reaches nobody (IST0101), and neither
 * does a name with a final dot or in upper case: their Services are doubtful.
 */
export function serviceOfHost(host: string, namespace: string): HostMeaning {
  return meaningOf(`${namespace} ${host}`);
}

/** Routes name the same few hosts again and again. */
const meaningOf = memoised((text: string): HostMeaning => {
  const separator = text.indexOf(' ');
  return parse(text.slice(separator + 1), text.slice(0, separator));
});

function parse(host: string, namespace: string): HostMeaning {
  const bare = withoutFinalDot(host);
  const labels = bare.length > mostHostCharacters ? [] : bare.split('.');
  // Every IPv4 address ends in a label of digits only, and no domain does; an IPv6 address is no label at all.
  if (labels.length === 0 || digits.test(labels.at(-1) ?? '') || !labels.every((one) => label.test(one))) return external;
  const [name = '', second, third] = bare.toLowerCase().split('.');
  const doubtful = bare !== host || bare !== bare.toLowerCase();
  if (second === undefined) return { kind: 'service', namespace, name, doubtful };
  if (third === undefined) return { kind: 'service', namespace: second, name, doubtful: true };
  return third === 'svc' ? { kind: 'service', namespace: second, name, doubtful } : external;
}

/** One key for all spellings of a Service, and one for every other host. */
export function hostKey(host: string, namespace: string): string {
  return keyOf(`${namespace} ${host}`);
}

const keyOf = memoised((text: string): string => {
  const separator = text.indexOf(' ');
  return newKey(text.slice(separator + 1), text.slice(0, separator));
});

function newKey(host: string, namespace: string): string {
  const meaning = serviceOfHost(host, namespace);
  if (meaning.kind === 'service') return `svc:${serviceKey(meaning.namespace, meaning.name)}`;
  const lower = withoutFinalDot(host).toLowerCase();
  // No host has this form; whoever writes it anyway must not pass for a Service.
  return lower.startsWith('svc:') ? `host:${lower}` : lower;
}

/** One key for all spellings of a destination: no key of a Service has a space. */
export function destinationKey(host: string, subset: string, namespace: string): string {
  return `${hostKey(host, namespace)} ${subset}`;
}

/** A host of an object of this namespace, as an object of another one has to write it. */
export function hostFromElsewhere(host: string, namespace: string): string {
  const isShort = /^[^.]+\.?$/.test(host) && serviceOfHost(host, namespace).kind === 'service';
  return isShort ? host.replace(/^[^.]+/, (name) => `${name}.${namespace}.svc`) : host;
}

function withoutFinalDot(host: string): string {
  return host.endsWith('.') ? host.slice(0, -1) : host;
}
