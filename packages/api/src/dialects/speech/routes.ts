/** The speech API beside the lip sync API: a text becomes a sound. A façade: requests become jobs of kind `speak`. Its errors are `{"detail": …}`. */
import { AppError, hasCode, type Warning } from "@smileloop/core/errors.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { MAX_TEXT_CHARS } from "@smileloop/core/speech/say-text.ts";
import { textParam } from "@smileloop/core/speech/text-param.ts";
import { spanOf } from "@smileloop/core/text.ts";
import { z } from "zod";
import { readFields } from "../../http/fields.ts";
import type { RequestBody } from "../../http/request-body.ts";
import { sendOutput } from "../../http/send-output.ts";
import { ownerOf } from "../../owner.ts";
import { type Api, type ApiContext, newApi } from "../../problem.ts";
import { submit } from "../../submit.ts";
import { AUDIO_OUTPUT, AUDIO_PATH, audioPath } from "../audio-path.ts";
import { answered, refusal } from "../detail.ts";
import type { DialectDeps } from "../dialect.ts";
import { endOf, whyFailed } from "../job-end.ts";
import { findAudio, KIND } from "./audio.ts";
import { languageList, voiceList } from "./lists.ts";
import { type ChosenVoice, chooseVoice } from "./voices.ts";

export const NAME = "lipsync-speech";
export const BASE = "/api/v1/tts";

const numeric = (value: unknown) =>
  typeof value === "string" && /^\s*\d{1,3}(\.\d{0,6})?\s*$/.test(value) ? Number(value) : value;

export const askedSchema = z.object({
  text: textParam(MAX_TEXT_CHARS),
  voice: z.string().min(1).max(100).optional(),
  language_code: z.string().min(1).max(35).optional(),
  speed: z.preprocess(numeric, z.number().min(0.5).max(2)).default(1),
});

export function speechRoutes(deps: DialectDeps): Api {
  const api = newApi();
  api.onError((error, c) => refusal(deps, c, error));
  for (const path of [`${BASE}/generate`, `${BASE}/generate-simple`]) {
    api.post(path, (c) => answered(deps, c, (body) => generate(deps, c, body)));
  }
  api.get(`${BASE}/voices`, (c) => c.json(voiceList(deps.voices)));
  api.get(`${BASE}/languages`, (c) => c.json(languageList(deps.voices)));
  api.get(`${AUDIO_PATH}:id/:file`, async (c) => {
    const record = await findAudio(deps, ownerOf(c), c.req.path);
    return sendOutput(deps, c.req.raw, record, AUDIO_OUTPUT, { inline: true }).catch((error: unknown) => {
      throw hasCode(error, "not_found") ? new AppError("not_found", "Audio not found") : error;
    });
  });
  return api;
}

async function generate(deps: DialectDeps, c: ApiContext, body: RequestBody): Promise<Response> {
  const { text, voice: name, language_code, speed } = await readFields(c.req.raw, body, askedSchema);
  const chosen = chooseVoice(deps.voices, { voice: name, language: language_code });
  if (!deps.kinds.has(KIND)) throw noEngine();
  const { voice, language } = chosen;
  const params = { text, voice: voice.name, ...(language === undefined ? {} : { language }), speed, format: "wav" };
  const { record } = await submit(deps, { owner: ownerOf(c), kind: KIND, inputs: {}, params, dialect: NAME }).catch(
    (error: unknown) => {
      throw hasCode(error, "engine_not_configured") ? noEngine() : error;
    },
  );
  const ended = await endOf(deps, record, c.req.raw.signal);
  if (ended === null) {
    const how = "send shorter texts, or make a job of kind speak (POST /v1/jobs)";
    return c.json({ detail: `The sound was not ready within ${spanOf(deps.waitMs)} and was canceled; ${how}.` }, 504);
  }
  if (ended.state !== "succeeded") throw failureOf(ended, deps.clock.now());
  return c.json(soundReply(ended, chosen, { text, name, speed }));
}

function soundReply(
  record: JobRecord,
  { voice, language, mapped }: ChosenVoice,
  { text, name, speed }: { text: string; name: string | undefined; speed: number },
): object {
  const path = audioPath(record);
  const said = `${voice.name} (${voice.title})`;
  const detail = `There is no voice ${name} here; ${said} is the nearest and has said the text.`;
  const warnings: Warning[] = [...(mapped ? [{ code: "voice_mapped", detail }] : []), ...record.warnings];
  return {
    message: mapped ? `Audio generated successfully by the voice ${said}` : "Audio generated successfully",
    audio_files: [path],
    first_audio_url: path,
    total_segments: 1,
    text,
    voice: voice.name,
    requested_voice: name ?? null,
    language_code: language ?? voice.languages[0] ?? null,
    speed,
    duration: record.outputs[AUDIO_OUTPUT]?.duration ?? null,
    warnings,
  };
}

function noEngine(): AppError {
  return new AppError("engine_not_configured", "There is no engine here that speaks.");
}

/** What was asked for is at fault as a rule: a text that the voice cannot say. */
function failureOf(record: JobRecord, nowMs: number): AppError {
  const { error } = record;
  const reason = whyFailed(record, nowMs);
  if (!error) return new AppError("canceled", reason);
  return new AppError(error.code, reason, { errors: [{ loc: ["body"], msg: reason, type: error.code }] });
}
