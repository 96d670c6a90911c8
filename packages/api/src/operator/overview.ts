/** Queues, engines and storage at a glance. */
import { z } from "@hono/zod-openapi";
import type { ApiDeps } from "../deps.ts";
import { engineStateSchema, figureSchema } from "./observed.ts";

const count = z.int().nullable();
export const overviewSchema = z
  .object({
    at: z.string().openapi({ description: "When it was looked, by the server's clock." }),
    version: z.string(),
    ready: z.boolean(),
    parts: z.record(z.string(), z.string()).openapi({ description: "As `/ready` has them." }),
    queues: z.array(
      z.object({
        name: z.string(),
        kinds: z.array(z.string()),
        engines: z.array(z.string()),
        waiting: count.openapi({ description: "About how many messages wait; null where the queue does not answer." }),
        running: count.openapi({ description: "About how many a worker has." }),
        oldest_seconds: z.number().nullable().openapi({ description: "Null where none waits, or nobody knows." }),
      }),
    ),
    engines: z.array(engineStateSchema).nullable(),
    storage: z.object({
      free_bytes: z.number().nullable(),
      total_bytes: z.number().nullable(),
      state: z.string().nullable().openapi({ description: "`ok`, or a sentence about the disk." }),
      unreadable_records: z.int().openapi({ description: "Damaged records that this process has met." }),
    }),
    figures: z.array(figureSchema).nullable(),
  })
  .openapi("OperatorOverview");

type Queue = z.infer<typeof overviewSchema>["queues"][number];

export async function overview(deps: ApiDeps): Promise<z.infer<typeof overviewSchema>> {
  const { records, clock, config, observed = {} } = deps;
  const unknown = () => null;
  const [{ ok, parts }, queues, engines, room, figures] = await Promise.all([
    deps.ready(),
    Promise.all(queuesOf(deps).map((queue) => withDepth(deps, queue))),
    observed.engines?.().catch(unknown) ?? null,
    observed.room?.().catch(unknown) ?? null,
    observed.figures?.().catch(unknown) ?? null,
  ]);
  return {
    at: new Date(clock.now()).toISOString(),
    version: config.version,
    ready: ok,
    parts,
    queues,
    engines,
    storage: {
      free_bytes: room && room.totalBytes > 0 ? room.freeBytes : null,
      total_bytes: room && room.totalBytes > 0 ? room.totalBytes : null,
      state: room?.state ?? null,
      unreadable_records: records.unreadable(),
    },
    figures,
  };
}

/** Each queue with the kinds whose jobs may wait there, and the engines that may do them. */
function queuesOf({ kinds }: ApiDeps): Pick<Queue, "name" | "kinds" | "engines">[] {
  const all = [...kinds.values()];
  const names = [...new Set(all.flatMap(({ queues }) => queues))];
  return names.map((name) => {
    const served = all.filter(({ queues }) => queues.includes(name));
    const engines = [...new Set(served.flatMap((kind) => kind.engines))];
    return { name, kinds: served.map((kind) => kind.name), engines };
  });
}

async function withDepth({ queue }: ApiDeps, described: ReturnType<typeof queuesOf>[number]): Promise<Queue> {
  const { name } = described;
  const [depth, oldestMs] = await Promise.all([
    queue.depth(name).catch(() => null),
    queue.oldestMs(name).catch(() => null),
  ]);
  return {
    ...described,
    waiting: depth?.waiting ?? null,
    running: depth?.held ?? null,
    oldest_seconds: oldestMs === null ? null : Math.round(oldestMs / 100) / 10,
  };
}
