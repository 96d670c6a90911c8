/** The processes of a worker's slots. */
import type { Processes } from "./perform.ts";
import type { EngineCommand, EngineLimits } from "./process/engine-life.ts";
import type { EngineProcess } from "./process/engine-process.ts";

type SlotOptions = {
  queueName: string;
  slots: number;
  engineCommand?: EngineCommand | undefined;
  checkerCommand?: EngineCommand | undefined;
  helperCommand?: EngineCommand | undefined;
  engineLimits?: Partial<EngineLimits> | undefined;
};

/** The processes of a slot; null for a worker without any. */
export type Slot = Processes | null;

/** One engine process for each slot; checker and helper are shared. */
export function openSlots(
  { queueName, slots, engineCommand, checkerCommand, helperCommand, engineLimits }: SlotOptions,
  processOf: (name: string, command: EngineCommand, limits?: Partial<EngineLimits>) => EngineProcess,
): Slot[] {
  if (!engineCommand || !checkerCommand) return Array.from({ length: slots }, () => null);
  const checker = processOf("checker", checkerCommand);
  const helper = helperCommand ? processOf("helper", helperCommand) : null;
  return Array.from({ length: slots }, (_, n) => ({
    engine: processOf(`${queueName}-${n}`, engineCommand, engineLimits),
    checker,
    helper,
  }));
}
