/** What the manifest of a file says of it: how it came about and of what. Not by whom, nor for whom: no ids, names, texts or pictures. */
import type { Making, SourceType } from "@smileloop/core/marking/making.ts";
import type { Watermark } from "@smileloop/core/marking/mark.ts";
import { mediaClassOf } from "@smileloop/core/media/types.ts";
import type { Ingredient } from "./c2pa.ts";

/** A file that the job was given. `path`: null where it is not here any more. */
export type Given = { slot: string; type: string; path: string | null };

export type ManifestFacts = {
  /** Of the installation. */
  version: string;
  making: Making;
  source: SourceType;
  /** The engine that did it, and its version. */
  agent: { name: string; version: string } | null;
  inputs: readonly Given[];
  watermark: Watermark | null;
};

const IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/";
/** The name of our invisible mark; nobody else reads it. */
const WATERMARK = "smileloop.tile.1";

/** `label`: the manifest's own, a URN. `kept`: whether manifests that the inputs carry are kept. */
export function manifestOf(facts: ManifestFacts, label: string, kept: boolean) {
  const { version, watermark } = facts;
  const actions = [...actionsOf(facts), ...(watermark ? [{ action: "c2pa.watermarked.bound" }] : [])];
  const assertions = [
    { label: "c2pa.actions.v2", data: { actions } },
    ...(watermark ? [{ label: "c2pa.soft-binding", data: bindingOf(watermark) }] : []),
  ];
  const definition = { label, claim_generator_info: [{ name: "SmileLoop", version }], assertions };
  return { definition: JSON.stringify(definition), ingredients: ingredientsOf(facts, kept) };
}

const PARENT = "parent";

function actionsOf({ making, source, agent }: ManifestFacts) {
  const made = { digitalSourceType: `${IPTC}${source}`, ...(agent ? { softwareAgent: agent } : {}) };
  if (making.action === "created") return [{ action: "c2pa.created", ...made }];
  const opened = { action: "c2pa.opened", parameters: { ingredientIds: [PARENT] } };
  // nothing is in the picture that was not there
  if (making.action === "transcoded") return [opened, { action: "c2pa.transcoded" }];
  return [opened, { action: "c2pa.edited", ...made }];
}

function ingredientsOf({ making, inputs }: ManifestFacts, kept: boolean): Ingredient[] {
  const media = inputs.filter(({ type }) => ["image", "video", "audio"].includes(mediaClassOf(type) ?? ""));
  const parent = making.action === "created" ? undefined : media.find(({ slot }) => slot === making.parent);
  return media.map((given) => {
    const { type: format, path } = given;
    const file = kept && path !== null ? { path, type: format } : null;
    const role = given === parent ? { relationship: "parentOf", label: PARENT } : { relationship: "inputTo" };
    return { json: JSON.stringify({ ...role, format }), file };
  });
}

function bindingOf({ payload }: Watermark) {
  return { alg: WATERMARK, blocks: [{ scope: {}, value: payload.toString(16).padStart(8, "0") }] };
}
