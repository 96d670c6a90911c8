/** `insert`: a video that was surveyed, and words → a voice says them → engine → check → one recipient's file. */
import { join } from "node:path";
import {
  type InsertCheck,
  type InsertCheckResult,
  type InsertRun,
  insertCheckResultSchema,
  insertRunResultSchema,
} from "@smileloop/core/engine/tasks/insert.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { JobOutput } from "@smileloop/core/job/record.ts";
import { type InsertJobParams, outputOf } from "@smileloop/core/kinds/insert.ts";
import { tierOf } from "@smileloop/core/kinds/tiers.ts";
import { fileOf, type JobIo, type LocalFile, type StageShares } from "../job-io.ts";
import type { ClaimedJob, HandlerContext, HandlerResult, RunHandler } from "./handler.ts";
import { type Said, say, WAV } from "./say.ts";

/** Shares by the usual duration of each stage. */
const STAGES: StageShares = { download: [0, 5], voice: [5, 20], insert: [20, 70], check: [70, 95], upload: [95, 99] };
/** By what is made. */
const FORMATS = {
  video: { name: "video.mp4", type: "video/mp4" },
  audio: { name: "audio.mp3", type: "audio/mpeg" },
} as const;

export function insertHandler(context: HandlerContext): RunHandler {
  return { stages: () => STAGES, run: (job, io) => insert(context, job, io) };
}

async function insert({ maxVideoSeconds }: HandlerContext, job: ClaimedJob, io: JobIo): Promise<HandlerResult> {
  const params = job.params as InsertJobParams;
  const [video, survey] = await io.timed("download", async () => [
    (await io.input("video"))[0],
    (await io.input("survey"))[0],
  ]);
  if (!video || !survey) throw new AppError("invalid_request", "The job has no video, or no survey of it.");
  const said = await io.timed("voice", () => sayAll(io, params, maxVideoSeconds));
  const output = outputOf(params);
  const format = FORMATS[output];
  const path = join(io.dir, format.name);
  const asked: Pick<InsertRun, "kind" | "inputs" | "params"> = {
    kind: "insert",
    inputs: {
      ...{ video: [fileOf(video)], survey: [fileOf(survey)] },
      words: said.map((each) => ({ path: each.path, type: WAV })),
    },
    params: fittingOf(params),
  };
  const files = output === "video" ? { video: path } : { sound: path };
  const made = await io.timed("insert", () => {
    const run: Omit<InsertRun, "run"> = { type: "run", ...asked, outputs: files, provenance: io.provenance };
    return io.engine.request(run, { ...io.options("insert"), result: insertRunResultSchema });
  });
  const checked = await io.timed("check", () => {
    const check: Omit<InsertCheck, "run"> = { type: "check", ...asked, picture: "same", files };
    return io.checker.request(check, { ...io.options("check"), result: insertCheckResultSchema });
  });
  const stored = await io.timed("upload", () =>
    store(io, output, { path, type: format.type, voices: voicesOf(said) }, checked),
  );
  const warnings = [...said.flatMap((each) => each.warnings), ...made.warnings, ...checked.warnings];
  return { outputs: { [output]: stored }, warnings };
}

/** How the tier puts words in. */
function fittingOf({ tier, natural, gap_seconds }: InsertJobParams): InsertRun["params"] {
  const { fits, makes } = tierOf(tier);
  const as_long_as = makes === "video" ? "picture" : "sound";
  return { fits: fits || (as_long_as === "picture" && !natural), gap_seconds, as_long_as };
}

async function sayAll(io: JobIo, params: InsertJobParams, maxSeconds: number): Promise<Said[]> {
  const { words, voice, language, speed, pronounce } = params;
  const said: Said[] = [];
  for (const [nth, { text }] of words.entries()) {
    said.push(await say(io, { voice, language, speed, pronounce, maxSeconds }, text, `words-${nth}`));
  }
  return said;
}

function store(
  io: JobIo,
  output: "audio" | "video",
  { path, ...facts }: Pick<LocalFile, "path" | "type"> & Pick<JobOutput, "voices">,
  { video, sound }: InsertCheckResult,
): Promise<JobOutput> {
  if (video) return io.store(output, path, { ...facts, ...video });
  if (!sound) throw new AppError("engine_failed", "The check of a file says nothing of it.");
  const { bytes, duration, ...audio } = sound;
  return io.store(output, path, { ...facts, bytes, duration, audio });
}

/** Each once. */
function voicesOf(said: Said[]): NonNullable<JobOutput["voices"]> {
  const found = said.flatMap(({ voices }) => voices);
  return [...new Map(found.map((voice) => [`${voice.name} ${voice.language}`, voice])).values()];
}
