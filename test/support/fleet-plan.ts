/** A plan for a fleet: one portrait, as many clips of it as are asked for, each with a seed, and all of them in one file. */
import { AppError } from "@smileloop/core/errors.ts";
import type { KindEntry } from "@smileloop/core/kinds/kind.ts";
import type { PlanHandler } from "@smileloop/worker/kinds/handler.ts";
import { z } from "zod";
import { factsIn } from "./stub-video.ts";

const params = z.strictObject({ count: z.int().min(1).max(100) });

export const clipsKind: KindEntry = {
  name: "clips",
  worker: "plan",
  define: () => ({
    title: "A portrait becomes many clips in one file",
    slots: {
      image: { noun: "picture", media: ["image"], maxBytes: 1e6, files: { min: 1, max: 1 } },
    },
    params: params as never,
    outputs: ["archive"],
    estimateSeconds: () => 1,
  }),
};

/** The archive of the stub's clips: a line with the facts of each. */
export const clipsHandler: PlanHandler = {
  async plan({ params: given }, ended, io) {
    const { count } = params.parse(given);
    if (ended.length === 0) {
      const inputs = { image: [{ input: "image" }] };
      return {
        create: Array.from({ length: count }, (_, seed) => ({
          ...{ kind: "animate", inputs },
          params: { preset: "smile", seed },
        })),
      };
    }
    const clips = ended.map(({ outputs, error }, n) => {
      if (outputs.video) return outputs.video;
      throw new AppError("engine_failed", `The clip ${n} has failed: ${error?.detail}`);
    });
    const lines = async function* () {
      for (const clip of clips) {
        const parts: Uint8Array[] = [];
        for await (const part of await io.read(clip)) parts.push(part);
        yield Buffer.from(`${JSON.stringify(factsIn(Buffer.concat(parts)))}\n`);
      }
    };
    return { outputs: { archive: await io.storeStream("archive", lines, { type: "text/plain" }) }, warnings: [] };
  },
};
