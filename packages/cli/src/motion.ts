/** `smileloop motion extract`: what the engine reads of a driving clip, as a file. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type ExtractResult, extractResultSchema } from "@smileloop/core/engine/services.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { DRIVING_SLOT } from "@smileloop/core/kinds/animate.ts";
import { createLog } from "@smileloop/core/log.ts";
import { type Motion, motionSchema } from "@smileloop/core/motion/motion.ts";
import { unpackMotion } from "@smileloop/core/motion/motion-file.ts";
import { toThousandths } from "@smileloop/core/rounding.ts";
import { createEngineProcess } from "@smileloop/worker/process/engine-process.ts";
import { builtInSetup } from "../../../functions/engines/index.ts";
import type { MotionArgs } from "./args.ts";
import { openInput } from "./input-file.ts";
import { interrupted } from "./interrupt.ts";
import { createProgressReport, EXIT, printJson } from "./report.ts";
import { checkTarget, writeTarget } from "./target.ts";

const MAX_BYTES = 500 * 1024 * 1024;
const MAX_SECONDS = 60;
const TIMEOUT_MS = 10 * 60_000;
/** Channels that are named. */
const STRONGEST = 6;

/** Resolves with the exit code; says what went wrong by itself. */
export async function extractMotion(args: MotionArgs): Promise<number> {
  const stop = interrupted();
  const folder = await mkdtemp(join(tmpdir(), "smileloop-"));
  try {
    const slot = { ...DRIVING_SLOT, maxBytes: MAX_BYTES };
    const clip = await openInput(args.clip, { slot, folder, signal: stop });
    const target = args.output ?? `${clip.title}.motion.json`;
    await checkTarget(target, args.force);
    const { motion, source, warnings } = await read(clip, folder, args, stop);
    await writeTarget(target, oneChunk(Buffer.from(`${JSON.stringify(motion)}\n`)));
    const strongest = peaksOf(motion);
    if (args.json) printJson({ ok: true, output: target, source, channels: strongest, warnings });
    else {
      for (const { detail } of warnings) process.stderr.write(`smileloop: ${detail}\n`);
      process.stdout.write(`${target}\n${factsOf(source)}\n${strongestOf(strongest)}\n`);
    }
    return EXIT.done;
  } catch (error) {
    if (stop.aborted) {
      if (args.json) printJson({ ok: false, error: { code: "canceled", detail: "Stopped." } });
      return EXIT.interrupted;
    }
    if (!(error instanceof AppError)) throw error;
    if (args.json) printJson({ ok: false, error: { code: error.code, detail: error.message } });
    else process.stderr.write(`smileloop: ${error.message}\n`);
    return EXIT.failed;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function read(
  { path, type }: { path: string; type: string },
  folder: string,
  { quiet, json }: MotionArgs,
  signal: AbortSignal,
): Promise<ExtractResult & { motion: Motion }> {
  const report = await createProgressReport({ quiet: quiet || json, bar: process.stderr.isTTY === true });
  const log = createLog({ level: "silent" });
  const { engineCommand, queueName: name } = await builtInSetup();
  const engine = createEngineProcess({ ...engineCommand, name, workRoot: join(folder, "work"), log });
  try {
    const found = await engine.request(
      {
        type: "extract",
        inputs: { driving: [{ path: resolve(path), type }] },
        limits: { seconds: MAX_SECONDS },
        outputs: { motion: join(folder, "motion.json") },
      },
      {
        result: extractResultSchema,
        timeoutMs: TIMEOUT_MS,
        signal,
        onProgress: ({ stage, done, total }) => report.update({ stage, done, total, percent: (100 * done) / total }),
      },
    );
    const { seconds, fps } = found.source;
    const source = { ...found.source, seconds: toThousandths(seconds), fps: toThousandths(fps) };
    return { ...found, source, motion: await unpackMotion<Motion>(found.motion, motionSchema) };
  } finally {
    report.stop();
    await engine.stop({ graceMs: 0 });
  }
}

/** The strongest value of each channel. */
function peaksOf({ faces }: Motion): Record<string, number> {
  return Object.fromEntries(
    Object.entries(faces[0]?.channels ?? {}).map(([name, track]) => {
      const values = "samples" in track ? track.samples : track.keys.map((key) => key.v);
      return [name, values.reduce((peak, value) => (Math.abs(value) > Math.abs(peak) ? value : peak), 0)];
    }),
  );
}

function factsOf({ kind, seconds, frames, fps, width, height, faces }: ExtractResult["source"]): string {
  const names = { video: "a video", livelink: "Live Link Face", mediapipe: "MediaPipe", motion: "a Motion" };
  const size = width === undefined ? "" : `, ${width} × ${height}`;
  const found = faces === undefined ? "" : `, ${faces} ${faces === 1 ? "face" : "faces"}`;
  return `${seconds.toFixed(1)} s of ${names[kind]}, ${frames} frames at ${Math.round(fps * 10) / 10} a second${size}${found}`;
}

function strongestOf(peaks: Record<string, number>): string {
  const sizeOf = ([name, value]: [string, number]): number =>
    Math.abs(value) / (/^head(Pitch|Yaw|Roll)$/.test(name) ? 15 : 1);
  const sorted = Object.entries(peaks).sort((a, b) => sizeOf(b) - sizeOf(a));
  if (sorted.length === 0) return "nothing moves";
  const shown = sorted.slice(0, STRONGEST).map(([name, value]) => `${name} ${Math.round(value * 100) / 100}`);
  return `strongest of ${sorted.length} channels: ${shown.join(", ")}`;
}

async function* oneChunk(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk;
}
