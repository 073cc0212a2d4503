/** An image reference taken apart; what it does not state is undefined. */
export interface ImageReference {
  /** Registry host with port, such as `quay.io` or `localhost:5000`. */
  readonly registry: string | undefined;
  /** Path without registry, tag and digest, such as `library/nginx`. */
  readonly repository: string;
  readonly tag: string | undefined;
  /** Algorithm and hex, such as `sha256:0f3c...`. */
  readonly digest: string | undefined;
}

/**
 * Splits an image reference. Total: a text that is no valid reference still gives parts, never an error.
 * The first path segment is a registry when it holds a dot or a colon, or is `localhost`, as container runtimes decide it.
 */
export function parseImage(reference: string): ImageReference {
  const atSign = reference.indexOf('@');
  const digest = atSign === -1 ? undefined : reference.slice(atSign + 1);
  const tagged = atSign === -1 ? reference : reference.slice(0, atSign);
  const colon = tagged.lastIndexOf(':');
  const hasTag = colon > tagged.lastIndexOf('/');
  const tag = hasTag ? tagged.slice(colon + 1) : undefined;
  return { ...splitRegistry(hasTag ? tagged.slice(0, colon) : tagged), tag, digest };
}

function splitRegistry(name: string): Pick<ImageReference, 'registry' | 'repository'> {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isRegistry = first.includes('.') || first.includes(':') || first === 'localhost';
  return isRegistry ? { registry: first, repository: name.slice(slash + 1) } : { registry: undefined, repository: name };
}

/**
 * The reference in one spelling: a digest makes the tag irrelevant, no tag means `latest`, Docker Hub's prefixes are optional.
 * Two references with the same canonical form pull the same image, as long as tags do not move.
 */
export function canonicalImage(reference: string): string {
  const { registry, repository, tag, digest } = parseImage(reference);
  const hub = registry === undefined || registry === 'docker.io' || registry === 'index.docker.io';
  const path = hub && repository.startsWith('library/') ? repository.slice('library/'.length) : repository;
  const name = hub ? path : `${registry}/${repository}`;
  return digest === undefined ? `${name}:${tag ?? 'latest'}` : `${name}@${digest}`;
}

/**
 * The imagePullPolicy that the API server writes when the manifest names none: it depends on the tag, and an absent tag is `latest`.
 * @see https://kubernetes.io/docs/concepts/containers/images/#imagepullpolicy-defaulting
 */
export function defaultPullPolicy(reference: string): 'Always' | 'IfNotPresent' {
  const { tag, digest } = parseImage(reference);
  const effective = tag ?? (digest === undefined && reference !== '' ? 'latest' : '');
  return effective === 'latest' ? 'Always' : 'IfNotPresent';
}
