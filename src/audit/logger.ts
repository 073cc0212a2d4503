import { pino, type DestinationStream, type Logger } from 'pino';
import type { JsonObject } from '../core/json.ts';

/**
 * The audit trail: one JSON line a decision, on its way out before the promise resolves, so that an answer never goes before its line.
 * A line that a killed process had not written would be a decision nobody made.
 */
export type Audit = (record: JsonObject) => Promise<void>;

/** A stream that gathers lines; `flush` hands them to the system. */
export interface AuditDestination extends DestinationStream {
  readonly flush?: () => void;
}

/** The lines of one turn of the event loop go out in one write: a burst of calls costs one system call, not one each. */
export function auditTo(destination: AuditDestination): Audit {
  const formatters = { level: () => ({ log: 'audit' }) };
  const logger = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters }, destination);
  let turn: Promise<void> | undefined;
  const flush = (): void => {
    turn = undefined;
    destination.flush?.();
  };
  return (record) => {
    logger.info(record);
    turn ??= new Promise<void>((resolve, reject) => {
      setImmediate(() => {
        try {
          flush();
          resolve();
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
    return turn;
  };
}

/** The log of the process itself: static messages, data beside them. Goes to another stream than the audit trail. */
export function logTo(destination: DestinationStream): Logger {
  return pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    destination,
  );
}

/** Bytes of lines that are kept while they cannot be written. */
const longestBacklog = 8 * 1024 * 1024;

/** Standard output as a destination that gathers. Not synced to disk: whoever reads the pipe has the lines when the process dies. */
export function standardOutput(onError: (error: Error) => void): AuditDestination {
  const stdout = pino.destination({ dest: 1, sync: true, maxLength: longestBacklog });
  // A full disk or a reader that is gone must not take the door away: the API server's own audit log still has the decision.
  stdout.on('error', onError);
  stdout.on('drop', () => onError(new Error('the backlog is full, lines were dropped')));
  let lines: string[] = [];
  return {
    write: (line) => lines.push(line),
    flush: () => {
      stdout.write(lines.join(''));
      lines = [];
    },
  };
}

export function standardError(): DestinationStream {
  return pino.destination({ dest: 2, sync: true });
}

export type { Logger };
