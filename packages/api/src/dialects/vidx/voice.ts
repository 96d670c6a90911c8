/** Which voice says the words where a provider is named that is not asked from here, or is. */
import { speaksLanguage, type VoiceFacts } from "@smileloop/core/speech/voice-facts.ts";
import { type Asked, notValid } from "./request.ts";

/**
 * `params`: of the kind. `used`: fields of the form that count. `ownVoice`: why a voice of this server speaks in place of the provider that
 * was named; null where it does not.
 */
export type Chosen = { params: Record<string, unknown>; used: readonly string[]; ownVoice: OwnVoice | null };
/** `no_voice`, `no_key`: the client has left out the id of a voice, or a key. */
export type OwnVoice = "not_here" | "no_voice" | "no_key";

/** Throws `invalid_request` for a language that no voice here speaks. */
export function chooseVoice(voices: readonly VoiceFacts[], asked: Asked): Chosen {
  if (asked.tts_provider === "elevenlabs") return elevenLabs(voices, asked);
  requireSpoken(voices, asked);
  return { params: {}, used: [], ownVoice: "not_here" };
}

/** A voice that the operator has set up under this name, or one of the account that the client has sent the key of. */
function elevenLabs(voices: readonly VoiceFacts[], asked: Asked): Chosen {
  const {
    elevenlabs_voice_id: id,
    elevenlabs_api_key: key,
    elevenlabs_model_id: model,
    elevenlabs_speed: speed,
  } = asked;
  const known = voices.some(({ source, name }) => source === "operator" && name === id);
  if (known) return { params: { voice: id, speed }, used: [], ownVoice: null };
  // what it says is compared with a voice of this server
  requireSpoken(voices, asked);
  if (id === undefined) return { params: { speed }, used: [], ownVoice: "no_voice" };
  if (key === undefined) return { params: { speed }, used: [], ownVoice: "no_key" };
  const account = { voice_key: key, ...(model === undefined ? {} : { voice_model: model }) };
  const used = ["elevenlabs_api_key", "elevenlabs_model_id"];
  return { params: { voice: `elevenlabs:${id}`, ...account, speed }, used, ownVoice: null };
}

function requireSpoken(voices: readonly VoiceFacts[], { lang }: Asked): void {
  if (voices.some((voice) => speaksLanguage(voice, lang))) return;
  const msg = `No voice here speaks '${lang}'; GET /v1/voices lists them`;
  throw notValid([{ loc: ["body", "lang"], msg, type: "invalid_value" }]);
}
