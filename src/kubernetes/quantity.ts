import type { Json } from '../core/json.ts';

/** Longer spellings than this do not occur in manifests; the limit keeps parsing cheap for hostile input. */
const maxLength = 64;
const maxExponent = 36;
const nanoDigits = 9;

const spelling = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3})|([KMGTPE]i|[numkMGTPE]?))$/;

const decimalSuffixes = new Map<string, number>([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]);

const binarySuffixes = new Map<string, bigint>(
  ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'].map((suffix, index) => [suffix, 1024n ** BigInt(index + 1)]),
);

/**
 * The value of a Kubernetes quantity in billionths (nano units), so that `1Gi` and `1073741824` or `1` and `1000m` compare equal.
 * What is finer than a billionth is rounded away from zero, as the API server does.
 * Undefined for anything that is no quantity, for spellings of more than 64 characters and exponents beyond +-36.
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function parseQuantity(value: Json | undefined): bigint | undefined {
  if (typeof value === 'number') return parseText(String(value));
  return typeof value === 'string' && value.length <= maxLength ? parseText(value.trim()) : undefined;
}

function parseText(text: string): bigint | undefined {
  const match = spelling.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent, suffix = ''] = match;
  const power = exponent === undefined ? (decimalSuffixes.get(suffix) ?? 0) : Number(exponent);
  if (whole + fraction === '' || Math.abs(power) > maxExponent) return undefined;
  const digits = BigInt(whole + fraction) * (binarySuffixes.get(suffix) ?? 1n);
  const nanos = shift(digits, power + nanoDigits - fraction.length);
  return sign === '-' ? -nanos : nanos;
}

/** digits x 10^places, rounded up when places is negative. */
function shift(digits: bigint, places: number): bigint {
  if (places >= 0) return digits * 10n ** BigInt(places);
  const divisor = 10n ** BigInt(-places);
  return (digits + divisor - 1n) / divisor;
}
