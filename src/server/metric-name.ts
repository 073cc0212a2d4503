export function prefixed(suffix: string): string {
  return `rollback_bouncer_${suffix}`;
}
