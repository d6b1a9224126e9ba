// Creates loggers: pino, one JSON object a line on stdout, which journald keeps.
import { pino, type Logger } from 'pino';

export type { Logger };

/** A logger for one daemon. Messages are constant; data goes into fields. */
export function createLogger(name: string, level: string): Logger {
  return pino({ name, level, timestamp: pino.stdTimeFunctions.isoTime, base: { pid: process.pid } });
}
