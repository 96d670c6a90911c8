/** JSON lines on stderr: an event name, and ids of request and job by child loggers. Never a secret, a body or a signed link. */
import { type DestinationStream, type Logger, pino } from "pino";

export type Log = Logger;

export function createLog(options: { level: string; destination?: DestinationStream }): Log {
  const buffered = { dest: 2, sync: false, minLength: 4096, periodicFlush: 1000 };
  const destination = options.destination ?? pino.destination(buffered);
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
