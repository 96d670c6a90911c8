/** JSON lines on stderr: an event name, and ids of request and job by child loggers. Never a secret, a body or a signed link. */
import { type DestinationStream, type Logger, pino } from "pino";

export type Log = Logger;

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
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}
