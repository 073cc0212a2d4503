import type { Labels } from '../core/objects.ts';

/** A name goes into a path: whoever posts reviews must not choose what is read with our rights. */
export function isName(name: string): boolean {
  return name.length <= 253 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name);
}

const word = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

function isLabelKey(key: string): boolean {
  const slash = key.indexOf('/');
  const name = key.slice(slash + 1);
  return (slash < 0 || isName(key.slice(0, slash))) && name.length <= 63 && word.test(name);
}

function isLabelValue(value: string): boolean {
  return value === '' || (value.length <= 63 && word.test(value));
}

/** Labels as a query takes them; undefined for such that no object can carry. */
export function labelSelector(labels: Labels): string | undefined {
  const entries = [...labels];
  if (!entries.every(([key, value]) => isLabelKey(key) && isLabelValue(value))) return undefined;
  return entries.map(([key, value]) => `${key}=${value}`).join(',');
}
