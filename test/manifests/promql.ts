import type { Exposed, Exposition } from '../server/exposition.ts';

/**
 * Reads a query of PromQL as far as our rules and dashboard use it, and tells what can be wrong about its names: metrics, labels, values of
 * labels, kinds of metrics, labels that an aggregation has dropped. A construct that is not known here is an error, not ignored.
 */
export interface Query {
  readonly metrics: readonly string[];
  /** Labels that its result has; undefined for a number. */
  readonly labels: ReadonlySet<string> | undefined;
}

interface Token {
  readonly kind: 'space' | 'text' | 'range' | 'name' | 'number' | 'sign';
  readonly text: string;
}

const tokenPattern =
  /(?<space>\s+)|(?<text>"(?:[^"\\]|\\.)*")|(?<range>\[(?:\d+[smhd]|\$__rate_interval)\])|(?<name>[a-zA-Z_:][\w:]*)|(?<number>\d+(?:\.\d+)?)|(?<sign>=~|!~|!=|==|>=|<=|[-+*/<>=(){},])/y;

function tokens(query: string): readonly Token[] {
  const found: Token[] = [];
  tokenPattern.lastIndex = 0;
  for (let at = 0; at < query.length; at = tokenPattern.lastIndex) {
    const match = tokenPattern.exec(query);
    if (match === null) throw new Error(`cannot be read here: ${query.slice(at)}`);
    const kind = Object.entries(match.groups ?? {}).find(([, text]) => (text as string | undefined) !== undefined)?.[0];
    if (kind !== 'space') found.push({ kind: kind as Token['kind'], text: match[0] });
  }
  return found;
}

const aggregations: readonly string[] = ['sum', 'min', 'max', 'avg', 'count'];
const rates: readonly string[] = ['rate', 'increase'];
const operators: readonly string[] = ['+', '-', '*', '/', '<', '>', '==', '!=', '<=', '>=', 'and', 'or', 'unless'];

type Labels = ReadonlySet<string> | undefined;

/** @throws when something is wrong with it. `everywhere` are labels that Prometheus adds to every series. */
export function readQuery(query: string, exposed: Exposition, everywhere: readonly string[] = []): Query {
  const reader = new Reader(tokens(query), exposed, everywhere);
  const labels = reader.expression();
  reader.end();
  return { metrics: reader.metrics, labels };
}

class Reader {
  readonly metrics: string[] = [];
  readonly #tokens: readonly Token[];
  readonly #exposed: Exposition;
  readonly #everywhere: readonly string[];
  #at = 0;

  constructor(read: readonly Token[], exposed: Exposition, everywhere: readonly string[]) {
    this.#tokens = read;
    this.#exposed = exposed;
    this.#everywhere = everywhere;
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw new Error(`not expected: ${this.#peek()}`);
  }

  /** Which operator binds closer makes no difference to names. */
  expression(): Labels {
    let labels = this.#operand();
    while (operators.includes(this.#peek())) {
      this.#next();
      const other = this.#operand();
      labels =
        labels === undefined || other === undefined
          ? (labels ?? other)
          : new Set([...labels].filter((label) => other.has(label)));
    }
    return labels;
  }

  #operand(): Labels {
    const { kind, text } = this.#next();
    if (kind === 'number') return undefined;
    if (text === '(') return this.#closing(this.expression());
    if (kind !== 'name') throw new Error(`not expected: ${text}`);
    if (aggregations.includes(text)) return this.#aggregation();
    if (this.#peek() === '(') return this.#call(text);
    return this.#series(text, false);
  }

  #aggregation(): Labels {
    const by = this.#peek() === 'by' ? this.#names() : [];
    this.#expect('(');
    const labels = this.#closing(this.expression());
    for (const label of by)
      if (labels?.has(label) !== true) throw new Error(`by (${label}): what is aggregated has no such label`);
    if (this.#peek() === 'by') throw new Error('write `by` in front');
    return new Set(by);
  }

  #names(): readonly string[] {
    this.#expect('by');
    this.#expect('(');
    const names: string[] = [];
    do names.push(this.#next().text);
    while (this.#accept(','));
    this.#expect(')');
    return names;
  }

  #call(name: string): Labels {
    this.#expect('(');
    if (name === 'time') return this.#closing(undefined);
    if (name === 'vector') {
      this.expression();
      return this.#closing(new Set());
    }
    if (rates.includes(name)) return this.#closing(this.#series(this.#next().text, true));
    if (name !== 'histogram_quantile') throw new Error(`function ${name} is not known here`);
    this.expression();
    this.#expect(',');
    const labels = this.#closing(this.expression());
    if (labels?.has('le') !== true) throw new Error('histogram_quantile without le');
    return new Set([...labels].filter((label) => label !== 'le'));
  }

  #series(name: string, ranged: boolean): Labels {
    const metric = this.#exposed.get(name);
    if (metric === undefined) throw new Error(`no metric ${name}`);
    this.metrics.push(name);
    const counts = metric.type === 'counter' || metric.type === 'histogram';
    if (ranged !== counts)
      throw new Error(`${name} is a ${metric.type}: ${ranged ? 'it has no rate' : 'its value says nothing'}`);
    if (this.#accept('{')) this.#selector(name, metric);
    if (ranged !== (this.#tokens[this.#at]?.kind === 'range')) throw new Error(`${name}: a range where none belongs, or none`);
    if (ranged) this.#next();
    return new Set([...metric.labels.keys(), ...this.#everywhere]);
  }

  #selector(name: string, { labels }: Exposed): void {
    do {
      const { text: label } = this.#next();
      const { text: operator } = this.#next();
      const { kind, text } = this.#next();
      if (kind !== 'text' || !['=', '!=', '=~', '!~'].includes(operator)) throw new Error(`${name}: not a matcher of ${label}`);
      if (this.#everywhere.includes(label)) continue;
      const values = labels.get(label);
      if (values === undefined) throw new Error(`${name} has no label ${label}`);
      const value = JSON.parse(text) as string;
      const matches = operator.endsWith('~')
        ? (one: string) => new RegExp(`^(?:${value})$`).test(one)
        : (one: string) => one === value;
      if (![...values].some(matches)) throw new Error(`${name}: ${label} is never ${value}`);
    } while (this.#accept(','));
    this.#expect('}');
  }

  #peek(): string {
    return this.#tokens[this.#at]?.text ?? '';
  }

  #next(): Token {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new Error('it ends too early');
    this.#at += 1;
    return token;
  }

  #accept(text: string): boolean {
    const accepted = this.#peek() === text;
    if (accepted) this.#at += 1;
    return accepted;
  }

  #expect(text: string): void {
    if (!this.#accept(text)) throw new Error(`expected ${text}, found ${this.#peek()}`);
  }

  #closing(labels: Labels): Labels {
    this.#expect(')');
    return labels;
  }
}
