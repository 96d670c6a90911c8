/** `personalize`: a video and a list of people become one file for each of them, in which they are addressed by name. */
import { z } from "zod";
import { consentParam } from "../consent.ts";
import { intensityParam } from "./clip-params.ts";
import { secondsOf } from "./inputs.ts";
import { insertionParams, MAX_WORDS_CHARS } from "./insertion.ts";
import type { KindContext, KindDefinition, KindEntry } from "./kind.ts";
import { videoSlot } from "./lipsync.ts";
import { audioSlot } from "./spoken-params.ts";
import { type TierName, tierOf } from "./tiers.ts";

export const personalize: KindEntry = { name: "personalize", worker: "plan", define };

const MIB = 1024 * 1024;
const TYPICAL_SECONDS = 20;
const columnParam = (name: string) => z.string().min(1).max(100).default(name);

function define({ maxVideoSeconds }: KindContext): KindDefinition {
  return {
    title: "A video and a list of people become a file for each, in which they are addressed by name",
    slots: {
      video: videoSlot(maxVideoSeconds),
      recipients: {
        noun: "list of recipients",
        media: ["table"],
        help: "Use a CSV or XLSX file whose first row names the columns.",
        maxBytes: 5 * MIB,
        files: { min: 1, max: 1 },
      },
      voice_sample: { ...audioSlot(maxVideoSeconds), files: { min: 0, max: 1 } },
    },
    params: paramsSchema() as unknown as KindDefinition["params"],
    secrets: ["voice_key"],
    alters: (params) => saysByLips(params as PersonalizeJobParams),
    outputs: ["archive", "report"],
    estimateSeconds: (_params, inputs) => 5 + (secondsOf(inputs, "video") ?? TYPICAL_SECONDS),
  };
}

/** Whether the lips are to say the words. */
export function saysByLips({ tier, lip_sync }: { tier: TierName; lip_sync?: boolean | undefined }): boolean {
  const { lipSync } = tierOf(tier);
  return lipSync === "always" || (lipSync === "asked" && lip_sync === true);
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
    name_column: columnParam("name"),
    phone_column: columnParam("phone"),
    pronunciation_column: columnParam("pronunciation").meta({
      description: "A column, if there is one, of how a name is said: IPA between slashes, or a respelling.",
    }),
    rows: z
      .array(z.int().min(2))
      .min(1)
      .max(100_000)
      .optional()
      .meta({
        description: "Only these rows of the list, counted as a spreadsheet does: the first recipient is row 2.",
      }),
    voice_key: z.string().min(1).max(500).optional(),
    intensity: intensityParam,
    consent: consentParam,
  });
}
export type PersonalizeJobParams = z.infer<ReturnType<typeof paramsSchema>>;
