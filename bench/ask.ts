import { Agent, request } from 'node:https';

export interface Answered {
  readonly allowed: boolean;
  readonly warnings: readonly string[];
  /** `policy/code` of what was found. */
  readonly codes: string;
  readonly milliseconds: number;
}

export interface Asking {
  readonly ask: (body: string | Buffer) => Promise<Answered>;
  readonly close: () => void;
}

interface Review {
  readonly response: {
    readonly allowed: boolean;
    readonly warnings?: readonly string[];
    readonly auditAnnotations?: Readonly<Record<string, string>>;
  };
}

/** Asks one review after the other, over connections that stay, and tells what each took. For what bombardier cannot do: other bodies, pauses. */
export function asking(port: number): Asking {
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  const ask = (body: string | Buffer): Promise<Answered> => {
    const { promise, resolve, reject } = Promise.withResolvers<Answered>();
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const begun = performance.now();
    const call = request(
      { agent, host: '127.0.0.1', port, method: 'POST', path: '/validate?timeout=5s', headers },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.once('error', reject);
        incoming.once('end', () => {
          const milliseconds = performance.now() - begun;
          const text = Buffer.concat(chunks).toString();
          if (incoming.statusCode !== 200) {
            reject(new Error(`${incoming.statusCode ?? 0}: ${text}`));
            return;
          }
          const { allowed, warnings = [], auditAnnotations = {} } = (JSON.parse(text) as Review).response;
          resolve({ allowed, warnings, codes: auditAnnotations['policies'] ?? '', milliseconds });
        });
      },
    );
    call.once('error', reject);
    call.end(body);
    return promise;
  };
  return { ask, close: () => agent.destroy() };
}

/** Asks once and makes sure of the answer: a figure for another verdict is none. */
export async function expectVerdict(asked: Asking, body: string | Buffer, allowed: boolean, code: string): Promise<void> {
  const answer = await asked.ask(body);
  const said = `${answer.allowed ? 'allowed' : 'denied'} ${answer.codes} ${answer.warnings.join('; ')}`;
  if (answer.allowed !== allowed || !answer.codes.split(',').includes(`weight-jump/${code}`))
    throw new Error(`expected ${allowed ? 'allowed' : 'denied'} weight-jump/${code}: ${said}`);
}

/** The value that this part of the values does not exceed. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)] ?? 0;
}
