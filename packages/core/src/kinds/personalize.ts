/** `personalize`: a video and a list of people become one file for each of them, in which they are addressed by name. */
import { z } from "zod";
import { consentParam } from "../consent.ts";
import type { FieldError } from "../errors.ts";
import { XLSX } from "../media/types.ts";
import {
  type ReadRecipients,
  type RecipientsOptions,
  readRecipients,
  sentenceOf,
  USUAL_COLUMNS,
} from "../recipients/recipients.ts";
import { keyedVoiceFaults } from "../speech/keyed-voice.ts";
import { intensityParam, LABEL_HELP, labelParam } from "./clip-params.ts";
import { secondsOf } from "./inputs.ts";
import { insertionParams, MAX_WORDS_CHARS } from "./insertion.ts";
import type { CheckContents, KindContext, KindDefinition, KindEntry, Params } from "./kind.ts";
import { videoSlot } from "./lipsync.ts";
import { audioSlot } from "./spoken-params.ts";
import { TIERS, tierOf } from "./tiers.ts";
import { keyedVoiceParams } from "./voice-params.ts";

export const personalize: KindEntry = { name: "personalize", worker: "plan", define };

const MIB = 1024 * 1024;
const TYPICAL_SECONDS = 20;
const columnParam = (name: string) => z.string().min(1).max(100).default(name);

function define({ maxVideoSeconds, readRecipients: read = readRecipients }: KindContext): KindDefinition {
  return {
    title: "A video and a list of people become a file for each, in which they are addressed by name",
    slots: {
      video: videoSlot(maxVideoSeconds),
      recipients: {
        noun: "list of recipients",
        media: ["table"],
        // a list of names alone has no separator, and is a text
        types: ["text/csv", XLSX, "text/plain"],
        help: "Use a CSV or XLSX file whose first row names the columns.",
        maxBytes: 5 * MIB,
        files: { min: 1, max: 1 },
      },
      voice_sample: { ...audioSlot(maxVideoSeconds), files: { min: 0, max: 1 } },
    },
    params: paramsSchema() as unknown as KindDefinition["params"],
    secrets: ["voice_key"],
    conflicts,
    contents: { recipients: (...file) => checkRecipients(read, ...file) },
    alters: saysByLips,
    labels: true,
    outputs: ["archive", "report"],
    example: { inputs: ["video", "recipients"], params: { tier: "gold", text: "{name}" } },
    estimateSeconds: (_params, inputs) => 5 + (secondsOf(inputs, "video") ?? TYPICAL_SECONDS),
  };
}

/** Whether the lips are to say the words. Params as they came, so that they may be anything. */
export function saysByLips({ tier = TIERS[0].name, lip_sync }: Params): boolean {
  const { lipSync } = TIERS.find(({ name }) => name === tier) ?? TIERS[0];
  return lipSync === "always" || (lipSync === "asked" && lip_sync === true);
}

/** How the list of a job is read. */
export function recipientsOptions(params: PersonalizeJobParams, type: string): RecipientsOptions {
  const { name_column: nameColumn, phone_column: phoneColumn, pronunciation_column: pronunciationColumn } = params;
  const markers = tierOf(params.tier).place === "markers" ? params.markers : undefined;
  return { type, nameColumn, phoneColumn, pronunciationColumn, textTemplate: params.text, markers };
}

/** Params as they came. */
function conflicts(params: Params): FieldError[] {
  const { tier = TIERS[0].name, lip_sync, markers } = params;
  const asked = TIERS.find(({ name }) => name === tier);
  const faults = keyedVoiceFaults(params);
  if (lip_sync === true && asked?.lipSync === "never") {
    const able = TIERS.filter(({ lipSync }) => lipSync !== "never").map(({ name }) => name);
    const msg = `cannot be true with the tier '${asked.name}', which has no lip sync: leave it out, or choose the tier ${able.join(" or ")}`;
    faults.push({ loc: ["params", "lip_sync"], msg, type: "invalid_value" });
  }
  if (asked?.place === "markers" && markers === undefined) {
    const msg = `is needed by the tier '${asked.name}': the words of the video that are replaced, in the order in which they are said, such as ["NAME1"]`;
    faults.push({ loc: ["params", "markers"], msg, type: "missing" });
  }
  return faults;
}

async function checkRecipients(
  read: ReadRecipients,
  ...[bytes, { type, params }]: Parameters<CheckContents>
): Promise<FieldError[]> {
  const asked = params as PersonalizeJobParams;
  const { rows, faults } = await read(bytes, recipientsOptions(asked, type));
  const inList = ["inputs", "recipients"];
  if (faults.length > 0) {
    return faults.map((fault) => ({
      loc: fault.about === "textTemplate" ? ["params", "text"] : inList,
      msg: sentenceOf(fault),
      type: "invalid_value",
    }));
  }
  const there = new Set(rows.map(({ row }) => row));
  const missing = asked.rows?.filter((row) => !there.has(row)) ?? [];
  return missing.map((row) => {
    const msg = `asks for row ${row}, in which there is no recipient: the list has rows ${rows[0]!.row} to ${rows.at(-1)!.row}`;
    return { loc: ["params", "rows"], msg, type: "invalid_value" };
  });
}

function paramsSchema() {
  return z.strictObject({
    ...insertionParams(),
    text: z
      .string()
      .min(1)
      .max(MAX_WORDS_CHARS)
      .default("{name}")
      .meta({ description: "What is said to a recipient. `{column}` is what the row has in that column." }),
    name_column: columnParam(USUAL_COLUMNS.name),
    phone_column: columnParam(USUAL_COLUMNS.phone),
    pronunciation_column: columnParam(USUAL_COLUMNS.pronunciation).meta({
      description: "A column, if there is one, of how a name is said: IPA between slashes, or a respelling.",
    }),
    rows: z.array(z.int().min(2)).min(1).max(100_000).optional().meta({
      description: "Only these rows of the list, counted as a spreadsheet does: the first recipient is row 2.",
    }),
    ...keyedVoiceParams(),
    intensity: intensityParam,
    label: labelParam.meta({ description: `${LABEL_HELP} Only where the lips say the words.` }),
    consent: consentParam,
  });
}
export type PersonalizeJobParams = z.infer<ReturnType<typeof paramsSchema>>;
