/** What was asked for in this API's words and is done in another way here: kept with the job, told with its status. */
import type { Warning } from "@smileloop/core/errors.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import type { Asked } from "./request.ts";
import type { Chosen, OwnVoice } from "./voice.ts";

/** Fields that are known, and change nothing here unless they are used after all. */
const WITHOUT_EFFECT = [
  ...["batch_name_tts", "batch_split_silence_db", "batch_split_silence_dur", "batch_gap_hint"],
  ...["wav2lip_repo", "wav2lip_checkpoint", "wav2lip_pads", "wav2lip_python", "tts_cmd"],
  ...["elevenlabs_api_key", "elevenlabs_model_id"],
];

const WHY_OWN_VOICE: Readonly<Record<OwnVoice, string>> = {
  not_here: "this provider is not set up here",
  no_voice: "elevenlabs_voice_id is missing: voice_sample is not cloned here. Send the id of a voice of your account",
  no_key: "elevenlabs_api_key is missing, and the operator has set up no voice of this elevenlabs_voice_id",
};

export function metadataOf(
  asked: Asked,
  fields: ReadonlyMap<string, string>,
  { ownVoice, used }: Omit<Chosen, "params">,
) {
  const unused = WITHOUT_EFFECT.filter((name) => fields.get(name) && !used.includes(name)).join(",");
  const { tts_provider, lip_sync_provider } = asked;
  return {
    ...(ownVoice === null ? {} : { tts_provider, own_voice: ownVoice }),
    ...(lip_sync_provider === "none" ? {} : { lip_sync_provider }),
    ...(unused === "" ? {} : { unused }),
  };
}

export function notesOf({ metadata }: Pick<JobRecord, "metadata">): Warning[] {
  const { tts_provider: provider, own_voice, lip_sync_provider: lips, unused } = metadata;
  const notes: Warning[] = [];
  if (provider !== undefined) {
    const why = provider === "none" ? "" : `, because ${WHY_OWN_VOICE[(own_voice as OwnVoice) ?? "not_here"]}`;
    const detail = `tts_provider=${provider}: a voice of this server speaks${why}.`;
    notes.push({ code: "voice_replaced", detail });
  }
  if (lips !== undefined) {
    const detail = `lip_sync_provider=${lips}: this server's own lip sync moves the lips.`;
    notes.push({ code: "lip_sync_replaced", detail });
  }
  if (unused !== undefined) {
    const names = unused.split(",");
    const detail = `${names.join(", ")}: ${names.length === 1 ? "has" : "have"} no effect here.`;
    notes.push({ code: "no_effect", detail });
  }
  return notes;
}
