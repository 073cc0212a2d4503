import { pino, type DestinationStream, type Logger } from 'pino';
import type { JsonObject } from '../core/json.ts';

/**
 * The audit trail: one JSON line a decision, written synchronously, so that an answer is never sent before its line.
 * A line that a killed process had not written would be a decision nobody made.
 */
export type Audit = (record: JsonObject) => void;

export function auditTo(destination: DestinationStream): Audit {
  const logger = pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: () => ({ log: 'audit' }) } },
    destination,
  );
  return (record) => logger.info(record);
}

/** The log of the process itself: static messages, data beside them. Goes to another stream than the audit trail. */
export function logTo(destination: DestinationStream): Logger {
  return pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    destination,
  );
}

/** A file descriptor as a synchronous destination: 1 for the audit trail, 2 for the log. */
export function descriptor(number: 1 | 2): DestinationStream {
  return pino.destination({ dest: number, sync: true });
}

export type { Logger };
