/** What the Python engine frames and pastes is what the check of another language expects. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { finishResultSchema } from "@smileloop/core/engine/finish-service.ts";
import { animateCheckResultSchema, animateRunResultSchema } from "@smileloop/core/engine/tasks/animate.ts";
import { createLog } from "@smileloop/core/log.ts";
import { createEngineProcess, type EngineProcess } from "@smileloop/worker/process/engine-process.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toldOf } from "../support/asked.ts";
import { LACKING, openFolder, standIn } from "./setting.ts";

const HOST = fileURLToPath(import.meta.resolve("@smileloop/engine/host.ts"));
const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

describe.skipIf(LACKING !== "")(
  `clips of the Python engine under the check${LACKING && ` (skipped: ${LACKING})`}`,
  () => {
    let place: Awaited<ReturnType<typeof openFolder>>;
    let node: EngineProcess;
    const open = (command: string, args: string[]) =>
      createEngineProcess({
        ...{ command, args, name: "test", workRoot: join(place.dir, "work"), log: createLog({ level: "silent" }) },
        limits: { startMs: 300_000, rssBytes: 12 * 1024 ** 3 },
      });
    beforeAll(async () => {
      place = await openFolder();
      node = open(process.execPath, [HOST]);
    });
    afterAll(async () => {
      await node?.stop();
      place?.remove();
    });

    test.each(["grace_hopper.jpg", "astronaut.jpg"])(
      "%s: the face, its colours and its place are the picture's",
      async (name) => {
        const [command, ...args] = standIn();
        const engine = open(command!, args);
        const motion = { fps: 25, frames: 3, faces: [{ channels: { headPitch: [0, 1, 2] } }] };
        const provenance = { job: "j", engine: "liveportrait", version: "1", mark: null };
        const options = { timeoutMs: 120_000 };
        for (const size of [256, 512, "source"] as const) {
          const video = join(place.dir, `${name}-${size}.mp4`);
          // so faint that only the face and the shape are looked at: what moves here is no real motion
          const { run, check } = await toldOf({ image: fixture(name), size, intensity: 0.05, seed: 7, motion });
          const { outputs } = await engine.request(
            { type: "run", ...run, outputs: { video }, provenance },
            { ...options, result: animateRunResultSchema },
          );
          const frames = outputs.frames!;
          await node.request(
            { type: "finish", frames, spec: outputs.video, outputs: { video }, provenance },
            { ...options, result: finishResultSchema },
          );
          const checked = await node.request(
            { type: "check", ...check, files: { video } },
            { ...options, result: animateCheckResultSchema },
          );
          expect(checked.video).toMatchObject({ frames: 3, fps: 25 });
        }
        const other = fixture(name === "astronaut.jpg" ? "grace_hopper.jpg" : "astronaut.jpg");
        const { check } = await toldOf({ image: other, seed: 7, motion });
        const video = join(place.dir, `${name}-256.mp4`);
        const wrong = node.request(
          { type: "check", ...check, files: { video } },
          { ...options, result: animateCheckResultSchema },
        );
        await expect(wrong).rejects.toMatchObject({ code: "check_other_face" });
        await engine.stop();
      },
    );
  },
);
