/** JSON lines on stderr: an event name, and ids of request and job by child loggers. Never a secret, a body or a signed link. */
import { type DestinationStream, type Logger, pino } from "pino";

export type Log = Logger;

export function createLog(options: { level: string; destination?: DestinationStream }): Log {
  const destination = options.destination ?? pino.destination({ dest: 2, sync: false, minLength: 4096 });
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
