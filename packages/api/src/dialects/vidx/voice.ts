/** Which voice says the words where a provider is named that is not asked from here, or is. */
import { speaksLanguage, type VoiceFacts } from "@smileloop/core/speech/voice-facts.ts";
import { type Asked, notValid } from "./request.ts";

/** `params`: of the kind. `ownVoice`: whether a voice of this server speaks in place of the provider that was named. */
type Chosen = { params: Record<string, unknown>; ownVoice: boolean };

/** Throws `invalid_request` for a language that no voice here speaks. */
export function chooseVoice(voices: readonly VoiceFacts[], asked: Asked): Chosen {
  if (asked.tts_provider === "elevenlabs") return elevenLabs(voices, asked);
  requireSpoken(voices, asked);
  return { params: {}, ownVoice: true };
}

/** A voice that the operator has set up under this name. Keys of clients are not used, and not kept. */
function elevenLabs(voices: readonly VoiceFacts[], asked: Asked): Chosen {
  const { elevenlabs_voice_id: id, elevenlabs_speed: speed } = asked;
  const known = voices.some(({ source, name }) => source === "operator" && name === id);
  if (known) return { params: { voice: id, speed }, ownVoice: false };
  requireSpoken(voices, asked);
  return { params: { speed }, ownVoice: true };
}

function requireSpoken(voices: readonly VoiceFacts[], { lang }: Asked): void {
  if (voices.some((voice) => speaksLanguage(voice, lang))) return;
  const msg = `No voice here speaks '${lang}'; GET /v1/voices lists them`;
  throw notValid([{ loc: ["body", "lang"], msg, type: "invalid_value" }]);
}
