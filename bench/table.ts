import type { Figures } from './load.ts';

/** Rows as docs/performance.md has them. */
export function table(head: string, rows: readonly (readonly string[])[]): void {
  console.log(`\n${head}\n|${' --- |'.repeat(head.split('|').length - 2)}`);
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}

export function inNumbers(name: string, { perSecond, p50Ms, p99Ms }: Figures): string[] {
  return [name, thousands(Math.round(perSecond)), p50Ms.toFixed(2), p99Ms.toFixed(2)];
}

export function thousands(value: number): string {
  return value.toLocaleString('en-US');
}

export function percent(part: number): string {
  return `${(100 * part).toFixed(0)} %`;
}

/** A row with what share of a floor it reaches; without a floor, one without. */
export function comparedWith(floor: Figures | undefined, name: string, figure: Figures): readonly string[] {
  const compared = floor && [percent(figure.perSecond / floor.perSecond), `${(figure.p99Ms / floor.p99Ms).toFixed(1)} x`];
  return [...inNumbers(name, figure), ...(compared ?? ['', ''])];
}

interface Bar {
  readonly what: string;
  readonly reached: string;
  readonly ok: boolean;
}

const bars: Bar[] = [];

/** Notes what a figure must reach, for the last table. */
export function bar(what: string, reached: string, ok: boolean): void {
  bars.push({ what, reached, ok });
}

export function printBars(): void {
  table(
    '| must reach | this run | |',
    bars.map(({ what, reached, ok }) => [what, reached, ok ? 'yes' : 'no']),
  );
}
