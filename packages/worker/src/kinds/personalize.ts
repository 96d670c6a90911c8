/**
 * `personalize`: the video is surveyed once, each recipient is a child of its own, and what they have made becomes an archive with a
 * report. Child 0 is the survey; the others follow in the order of the list.
 */
import { readFile } from "node:fs/promises";
import { AppError, type Warning } from "@smileloop/core/errors.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { type PersonalizeJobParams, recipientsOptions, saysByLips } from "@smileloop/core/kinds/personalize.ts";
import { pronounceOf } from "@smileloop/core/recipients/pronounce.ts";
import {
  type ReadRecipients,
  type Recipient,
  readRecipients,
  sentenceOf,
  wordsOf,
} from "@smileloop/core/recipients/recipients.ts";
import { type Survey, surveySchema } from "@smileloop/core/speech/survey.ts";
import type { StoreIo } from "../job-io.ts";
import type { ChildJob, HandlerContext, PlanHandler, PlanStep } from "./handler.ts";
import { deliver } from "./personalize-result.ts";

export function personalizeHandler({
  readRecipients: read = readRecipients,
}: Pick<HandlerContext, "readRecipients">): PlanHandler {
  return {
    async plan(job, ended, io) {
      const params = job.params as PersonalizeJobParams;
      const list = await listOf(read, params, io);
      const [survey, ...children] = ended;
      if (!survey) return { create: [surveyOf(params)], expected: 1 + list.chosen.length };
      if (survey.error || !survey.outputs.survey) throw errorOf(survey);
      if (children.length === 0) return insertsOf(params, list.chosen, survey, await placesOf(survey, io));
      const warnings = [...survey.warnings, ...list.warnings, ...unused(job.record)];
      return deliver({ ...list, children, warnings }, job.record, io);
    },
  };
}

/** `all`: of the list. `chosen`: those who get a file. */
export type List = { all: Recipient[]; chosen: Recipient[]; warnings: Warning[] };

/** Throws `invalid_request` with the first fault; what submission checks, a job that came by other ways does not have. */
async function listOf(read: ReadRecipients, params: PersonalizeJobParams, io: StoreIo): Promise<List> {
  const [file] = await io.input("recipients");
  if (!file) throw new AppError("invalid_request", "The job has no list of recipients.");
  const { rows, faults, warnings } = await read(await readFile(file.path), recipientsOptions(params, file.type));
  if (faults[0]) throw new AppError("invalid_request", sentenceOf(faults[0]), { input: "recipients" });
  const asked = params.rows && new Set(params.rows);
  const chosen = asked ? rows.filter(({ row }) => asked.has(row)) : rows;
  if (chosen.length > 0) return { all: rows, chosen, warnings };
  throw new AppError("invalid_request", "rows: none of these rows has a recipient.", { input: "recipients" });
}

/** A sample is taken, because clients of other services send one, and is of no use where voices cannot be copied. */
function unused({ inputs }: JobRecord): Warning[] {
  if (!inputs.voice_sample?.length) return [];
  const detail = "The voice sample was not used: voices are not copied here. Choose one by `voice`.";
  return [{ code: "voice_sample_unused", detail }];
}

/** What a failed part of the job failed with. */
function errorOf({ error, state }: JobRecord): AppError {
  if (!error) return new AppError("internal", `A part of the job ended as ${state}.`);
  const { code, detail, input } = error;
  return new AppError(code, detail, { input });
}

function surveyOf(params: PersonalizeJobParams): ChildJob {
  const { tier, face, name_position, silence_db, silence_seconds, markers, base_text, language } = params;
  const asked = { tier, face, name_position, silence_db, silence_seconds, markers, base_text, language };
  return {
    kind: "survey",
    params: given({ ...asked, lip_sync: saysByLips(params) }),
    inputs: { video: [{ input: "video" }] },
  };
}

async function placesOf({ outputs }: JobRecord, io: StoreIo): Promise<Survey["places"]> {
  const { path } = await io.download(outputs.survey!, "survey");
  const parsed = surveySchema.safeParse(JSON.parse(await readFile(path, "utf8")));
  if (parsed.success) return parsed.data.places;
  throw new AppError("internal", "The survey of the video cannot be read.", { cause: parsed.error });
}

function insertsOf(
  params: PersonalizeJobParams,
  chosen: Recipient[],
  survey: JobRecord,
  places: Survey["places"],
): PlanStep {
  const { tier, name_position, face, gap_seconds, natural, voice, voice_model, language, speed } = params;
  const { intensity, label } = params;
  const shared = { tier, name_position, face, gap_seconds, natural, voice, voice_model, language, speed };
  const lip_sync = saysByLips(params);
  const made = Object.keys(survey.outputs).map((output) => [output, [{ child: 0, output }]]);
  const inputs = { video: [{ input: "video" }], ...Object.fromEntries(made) };
  const create = chosen.map((recipient) => {
    const words = places.map(({ marker }) => ({ marker, text: wordsOf(recipient, params.text, marker) }));
    const pronounce = pronounced(params, recipient);
    return { kind: "insert", params: given({ ...shared, intensity, label, lip_sync, words, pronounce }), inputs };
  });
  return { create };
}

/** The recipient's own way to say a name goes before what is said of all. */
function pronounced({ pronounce }: PersonalizeJobParams, { name, pronunciation }: Recipient) {
  if (pronunciation === undefined) return pronounce;
  return { ...pronounce, ...pronounceOf(name, pronunciation).words };
}

function given(params: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined));
}
