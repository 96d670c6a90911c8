/** JSON lines on stderr: an event name, and ids of request and job by child loggers. Never a secret, a body or a signed link. */
import { type DestinationStream, type Logger, pino } from "pino";
import { bounded } from "./text.ts";

export type Log = Logger;

/** Of one line, whatever is put into it: what an engine wrote to stderr is the longest of what is wanted. */
const LIMITS = { chars: 64 * 1024, items: 50, depth: 5 };
const ERROR_LIMITS = { ...LIMITS, chars: 4096 };

/** `sync`: every line at once, for processes that are frozen or ended without notice. */
export function createLog(options: { level: string; sync?: boolean; destination?: DestinationStream }): Log {
  const buffered = { dest: 2, sync: false, minLength: 4096, periodicFlush: 1000 };
  const destination = options.destination ?? pino.destination(options.sync ? { dest: 2, sync: true } : buffered);
  return pino(
    {
      level: options.level,
      base: null,
      messageKey: "event",
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => bounded(readable(fields), LIMITS) as typeof fields,
      },
      serializers: { err: (error) => error },
    },
    destination,
  );
}

function readable(fields: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(fields).map(([name, value]) => {
    return [name, value instanceof Error ? bounded(pino.stdSerializers.err(value), ERROR_LIMITS) : value];
  });
  return Object.fromEntries(entries);
}
