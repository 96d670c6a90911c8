/** `insert`: a video that was surveyed, and words → a voice says them → engine → check → one recipient's file. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type InsertCheck,
  type InsertCheckResult,
  type InsertRun,
  insertCheckResultSchema,
  insertRunResultSchema,
} from "@smileloop/core/engine/tasks/insert.ts";
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import { MAX_FAILURES } from "@smileloop/core/job/change.ts";
import type { JobOutput } from "@smileloop/core/job/record.ts";
import { type InsertJobParams, outputOf } from "@smileloop/core/kinds/insert.ts";
import { saysByLips } from "@smileloop/core/kinds/personalize.ts";
import { tierOf } from "@smileloop/core/kinds/tiers.ts";
import { unpackMotion } from "@smileloop/core/motion/motion-file.ts";
import { type Spoken, spokenSchema } from "@smileloop/core/speech/spoken.ts";
import { surveySchema } from "@smileloop/core/speech/survey.ts";
import { shown } from "@smileloop/core/text.ts";
import { fileOf, type JobIo, type LocalFile } from "../job-io.ts";
import type { StageShares } from "../stage-progress.ts";
import type { ClaimedJob, HandlerContext, HandlerResult, RunHandler } from "./handler.ts";
import { listen } from "./hear.ts";
import { type Speaking, sayByLips } from "./insert-lips.ts";
import { localFile, type Said, type Saying, sayOnce, WAV } from "./say.ts";

/** Shares by the usual duration of each stage. */
const STAGES: StageShares = {
  ...{ download: [0, 5], voice: [5, 15], insert: [15, 30], listen: [30, 33] },
  ...{ render: [33, 75], check: [75, 95], upload: [95, 99] },
};
/** By what is made; inputs have the names of their slots in the same folder. */
const FORMATS = {
  video: { name: "result.mp4", type: "video/mp4" },
  audio: { name: "result.mp3", type: "audio/mpeg" },
} as const;

export function insertHandler(context: HandlerContext): RunHandler {
  return { stages: () => STAGES, run: (job, io) => insert(context, job, io) };
}

async function insert(context: HandlerContext, job: ClaimedJob, io: JobIo): Promise<HandlerResult> {
  const params = job.params as InsertJobParams;
  const [video, survey, track, pictures] = await io.timed("download", async () => [
    (await io.input("video"))[0],
    (await io.input("survey"))[0],
    (await io.input("track"))[0],
    (await io.input("pictures"))[0],
  ]);
  if (!video || !survey) throw new AppError("invalid_request", "The job has no video, or no survey of it.");
  const said = await io.timed("voice", () => sayAll(context, io, job));
  const output = outputOf(params);
  const path = join(io.dir, FORMATS[output].name);
  const asked: Asked = {
    kind: "insert",
    inputs: {
      ...{ video: [fileOf(video)], survey: [fileOf(survey)] },
      words: said.map((each) => ({ path: each.path, type: WAV })),
    },
    params: fittingOf(params),
  };
  const files = output === "video" ? { video: path } : { sound: path };
  const lips = saysByLips(params);
  const work = lips ? { sound: join(io.dir, "words.wav") } : files;
  const made = await io.timed("insert", () => {
    const run: Omit<InsertRun, "run"> = { type: "run", ...asked, outputs: work, provenance: io.provenance };
    return io.engine.request(run, { ...io.options("insert"), result: insertRunResultSchema });
  });
  const warnings = [...said.flatMap((each) => each.warnings), ...made.warnings];
  const spoken =
    lips && (await byLips(context, io, { params, video, track, pictures, survey, said, made, work, to: path }));
  const checked = await check(io, asked, files, spoken ? "other" : "same");
  const facts = spoken ? { ...checked, video: spoken.video } : checked;
  const { type } = FORMATS[output];
  const stored = await io.timed("upload", () => store(io, output, { path, type, voices: voicesOf(said) }, facts));
  return {
    outputs: { [output]: stored },
    warnings: [...warnings, ...(spoken ? spoken.warnings : []), ...checked.warnings],
  };
}

type Asked = Pick<InsertRun, "kind" | "inputs" | "params">;

function check(io: JobIo, asked: Asked, files: InsertCheck["files"], picture: InsertCheck["picture"]) {
  return io.timed("check", () => {
    const request: Omit<InsertCheck, "run"> = { type: "check", ...asked, picture, files };
    return io.checker.request(request, { ...io.options("check"), result: insertCheckResultSchema });
  });
}

type Lips = Omit<Speaking, "track" | "film" | "sound"> & {
  track: LocalFile | undefined;
  survey: LocalFile;
  work: InsertRun["outputs"];
};

async function byLips(context: HandlerContext, io: JobIo, { track, survey, work, ...asked }: Lips) {
  if (!track)
    throw new AppError("invalid_request", "The job has no track of the face whose lips are to say the words.");
  const { film } = surveySchema.parse(JSON.parse(await readFile(survey.path, "utf8")));
  return sayByLips(context, io, { ...asked, track, film, sound: await localFile(work.sound!) });
}

/** How the tier puts words in. */
function fittingOf({ tier, natural, gap_seconds }: InsertJobParams): InsertRun["params"] {
  const { fits, makes } = tierOf(tier);
  const as_long_as = makes === "video" ? "picture" : "sound";
  return { fits: fits || (as_long_as === "picture" && !natural), gap_seconds, as_long_as };
}

async function sayAll(context: HandlerContext, io: JobIo, { params, record }: ClaimedJob): Promise<Said[]> {
  const { words, voice, voice_model: model, language, speed, pronounce } = params as InsertJobParams;
  const { voice_key: key } = io.secrets();
  const maxSeconds = context.maxVideoSeconds;
  const saying = { voice, language, speed, pronounce, key, model, maxSeconds };
  // the next try may find it; after the last one a voice of ours is better than no file
  const speak = key !== undefined && record.failures >= MAX_FAILURES - 1 ? sayOrStandIn : sayOnce;
  const said: Said[] = [];
  for (const [nth, { text }] of words.entries()) {
    const each = await speak(io, saying, text, `words-${nth}`);
    // a voice of ours tells each sound that it makes; what one elsewhere has said is to be found out
    const told = each.spoken && (await unpackMotion<Spoken>(each.spoken, spokenSchema)).phones.length > 0;
    if (!told) await requireSaid(context, io, { language, pronounce, maxSeconds }, text, each);
    said.push(each);
  }
  return said;
}

/** As `sayOnce`; where a voice elsewhere cannot be reached, by a voice of ours, with a warning. */
async function sayOrStandIn(io: JobIo, saying: Saying, text: string, name: string): Promise<Said> {
  try {
    return await sayOnce(io, saying, text, name);
  } catch (error) {
    if (!hasCode(error, "voice_unavailable")) throw error;
    const { key: _, model: __, voice: ___, ...ours } = saying;
    const said = await sayOnce(io, ours, text, name);
    const names = said.voices.map((each) => each.name).join(", ");
    const detail = `${(error as AppError).message} ${names} speaks instead.`;
    return { ...said, warnings: [{ code: "voice_replaced", detail }, ...said.warnings] };
  }
}

/** Throws `words_not_verified` where a voice of ours that says the same text is unlike what was said. */
async function requireSaid(
  context: HandlerContext,
  io: JobIo,
  saying: Pick<Saying, "language" | "pronounce" | "maxSeconds">,
  text: string,
  { path, voices }: Said,
): Promise<void> {
  const named = voices.map(({ name }) => name).join(", ");
  const unsure = (why: string) =>
    new AppError("words_not_verified", `Whether the voice ${named} says ${shown(text)} cannot be told: ${why}.`);
  const ours = await sayOnce(io, { ...saying, voice: undefined, speed: 1, timed: true }, text, "ours");
  if (!ours.spoken) throw unsure("no voice of ours tells when it says what");
  const reference = { sound: { path: ours.path, type: WAV }, spoken: ours.spoken };
  const how = { fps: 25, intensity: 1, seed: 0, mood: {} };
  const { aligned } = await listen(context, io, await localFile(path), how, { reference });
  if (!aligned) throw unsure("it is unlike the same words of a voice of ours");
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
