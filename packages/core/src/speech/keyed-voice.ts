/** Voices elsewhere that speak with a key of the client's own: `<provider>:<id>`, such as `elevenlabs:21m00Tcm4TlvDq8ikWAM`. */
import { got } from "../errors/fields.ts";
import type { FieldError } from "../errors.ts";

/** Providers that are asked with keys of clients. Where they are asked is set by the operator alone. */
const PROVIDERS: readonly string[] = ["elevenlabs"];
const VOICE = /^([a-z]+):([A-Za-z0-9_-]{1,64})$/;

/** `id`: of the voice, as its provider knows it. Null for the name of another voice. */
export function readKeyedVoice(name: string): { provider: string; id: string } | null {
  const [, provider, id] = VOICE.exec(name) ?? [];
  return provider !== undefined && id !== undefined && PROVIDERS.includes(provider) ? { provider, id } : null;
}

/** What is wrong with a voice, its key and its model together. Params as they came, so that they may be anything. */
export function keyedVoiceFaults(params: Readonly<Record<string, unknown>>): FieldError[] {
  const { voice, voice_key: key, voice_model: model } = params;
  const keyed = typeof voice === "string" && readKeyedVoice(voice) !== null;
  const fault = (name: string, msg: string, type = "invalid_value") => ({ loc: ["params", name], msg, type });
  if (keyed && key === undefined) {
    return [fault("voice_key", `is needed by the voice '${voice}': a key of the account that it is in`, "missing")];
  }
  if (keyed || (key === undefined && model === undefined)) return [];
  const forms = PROVIDERS.map((provider) => `${provider}:<voice id>`).join(", ");
  const given = key === undefined ? "voice_model" : "voice_key";
  const msg = `must be a voice that \`${given}\` is for, ${forms}; or leave \`${given}\` out${got(voice)}`;
  return [fault("voice", msg)];
}
