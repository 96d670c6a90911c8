/** The engine processes of a worker, slot by slot. */
import { AppError, type ErrorCode } from "@smileloop/core/errors.ts";
import type { Log } from "@smileloop/core/log.ts";
import type { Processes } from "./perform.ts";
import type { EngineCommand, EngineLimits } from "./process/engine-life.ts";
import { createEngineProcess, type EngineProcess } from "./process/engine-process.ts";
import { readyOf } from "./service/elsewhere.ts";
import type { Service } from "./service/service.ts";

/** A process for services that engines leave to others. It is started when it is first asked, and shared by all slots. */
export type Helper = { services: readonly string[]; command: EngineCommand };

export type SlotOptions = {
  /** Which queue to serve, as `Kind.queueOf` names them. */
  queueName: string;
  /** Absent for a worker that runs plans alone; then none of the processes is needed. */
  engineCommand?: EngineCommand | undefined;
  /** A service elsewhere that does the work, in place of an engine's process, and what its engine is called. */
  service?: { engine: string; service: Service } | undefined;
  /** Serves checks and services; it runs no jobs. */
  checkerCommand?: EngineCommand | undefined;
  /** Each service is asked of the first of them that lists it, and of the engine where none does. */
  helpers?: readonly Helper[] | undefined;
  /** Limits of the engine's processes; the others keep the usual ones. */
  engineLimits?: Partial<EngineLimits> | undefined;
  /** Jobs at a time, each with its own engine process. */
  slots: number;
  /** Told of each process that ended without having been stopped, and is started again. */
  onLost?: ((lost: Lost) => void) | undefined;
};

/** `why`: the code of an error. */
export type Lost = { queue: string; process: "engine" | "checker" | "helper"; why: ErrorCode };

/** The processes of a slot; null for a worker without any. */
export type Slot = Processes | null;

/** One engine process for each slot; checker and helpers are shared. */
export function openSlots(options: SlotOptions & { workRoot: string; log: Log }): Slot[] {
  const {
    queueName,
    slots,
    engineCommand,
    checkerCommand,
    helpers = [],
    engineLimits,
    workRoot,
    log,
    onLost,
  } = options;
  const processOf = (
    process: Lost["process"],
    name: string,
    command: EngineCommand,
    limits?: Partial<EngineLimits>,
  ) => {
    const lost = onLost && ((why: ErrorCode) => onLost({ queue: queueName, process, why }));
    return createEngineProcess({ ...command, name, workRoot, log, limits, onLost: lost });
  };
  if (!checkerCommand || !(engineCommand || options.service)) return Array.from({ length: slots }, () => null);
  const checker = processOf("checker", "checker", checkerCommand);
  const opened = helpers.map(({ services, command }) => {
    const name = helpers.length === 1 ? "helper" : `helper-${services[0]}`;
    return { services, process: processOf("helper", name, command) };
  });
  return Array.from({ length: slots }, (_, n) => ({
    ...(options.service
      ? { engine: standIn(options.service), service: options.service.service }
      : { engine: processOf("engine", `${queueName}-${n}`, engineCommand!, engineLimits) }),
    checker,
    helpers: opened,
  }));
}

/** Stands for the process of an engine that runs elsewhere; `openElsewhere` makes what jobs ask. */
function standIn({ engine, service }: { engine: string; service: Service }): EngineProcess {
  return {
    ready: async () => readyOf(engine, service),
    request: async () => {
      throw new AppError("internal", "A service has no process.");
    },
    isUp: () => true,
    pid: () => 0,
    stop: async () => {},
  };
}
