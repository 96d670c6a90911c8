/** `speak`: a text → a voice says it → check → sound, and the times of its words. */
import { join } from "node:path";
import {
  type SpeakCheck,
  type SpeakRun,
  speakCheckResultSchema,
  speakRunResultSchema,
} from "@smileloop/core/engine/tasks/speak.ts";
import type { SpeakJobParams } from "@smileloop/core/kinds/speak.ts";
import { soundFormatOf } from "@smileloop/core/media/sound-formats.ts";
import type { JobIo } from "../job-io.ts";
import type { StageShares } from "../stage-progress.ts";
import type { ClaimedJob, HandlerResult, RunHandler } from "./handler.ts";

/** Shares by the usual duration of each stage. */
const STAGES: StageShares = { say: [0, 85], check: [85, 96], upload: [96, 99] };

export function speakHandler(): RunHandler {
  return { stages: () => STAGES, run: speak };
}

async function speak(job: ClaimedJob, io: JobIo): Promise<HandlerResult> {
  const { format: name, engine: _, ...params } = job.params as SpeakJobParams;
  const format = soundFormatOf(name);
  const outputs = { sound: join(io.dir, `audio.${format.extension}`), spoken: join(io.dir, "spoken.json") };
  const said = await io.timed("say", () => {
    const run: Omit<SpeakRun, "run"> = { type: "run", kind: "speak", params, outputs, provenance: io.provenance };
    return io.engine.request(run, { ...io.options("say"), result: speakRunResultSchema });
  });
  const checked = await io.timed("check", () => {
    const check: Omit<SpeakCheck, "run"> = { type: "check", kind: "speak", files: outputs };
    return io.checker.request(check, { ...io.options("check"), result: speakCheckResultSchema });
  });
  const { bytes, duration, ...audio } = checked.audio;
  const stored = await io.timed("upload", async () => ({
    audio: await io.store("audio", outputs.sound, { type: format.contentType, bytes, duration, audio }),
    spoken: await io.store("spoken", outputs.spoken, { type: "application/json", bytes: checked.spoken.bytes }),
  }));
  return { outputs: stored, warnings: [...said.warnings, ...checked.warnings] };
}
