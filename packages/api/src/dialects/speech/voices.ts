/**
 * Voices as the clients of this dialect name them. Its original had those of Kokoro, whose names begin with a letter for the language and
 * one for the gender; each stands for the nearest voice that is here, and the reply says which.
 */
import { AppError } from "@smileloop/core/errors.ts";
import { speaksLanguage, type VoiceFacts } from "@smileloop/core/speech/voice-facts.ts";
import { shown } from "@smileloop/core/text.ts";

export const DEFAULT_VOICE = "af_heart";

/** Languages of Kokoro by their letters. */
export const LANGUAGES: ReadonlyMap<string, { tag: string; title: string }> = new Map([
  ["a", { tag: "en-US", title: "English (US)" }],
  ["b", { tag: "en-GB", title: "English (UK)" }],
  ["e", { tag: "es", title: "Spanish" }],
  ["f", { tag: "fr-FR", title: "French" }],
  ["h", { tag: "hi", title: "Hindi" }],
  ["i", { tag: "it", title: "Italian" }],
  ["j", { tag: "ja", title: "Japanese" }],
  ["p", { tag: "pt-BR", title: "Portuguese (Brazil)" }],
  ["z", { tag: "cmn", title: "Chinese (Mandarin)" }],
]);

/** Of Kokoro 1.0. */
export const KOKORO_NAMES: readonly string[] = [
  ...["af_heart", "af_alloy", "af_aoede", "af_bella", "af_jessica", "af_kore", "af_nicole", "af_nova", "af_river"],
  ...[
    "af_sarah",
    "af_sky",
    "am_adam",
    "am_echo",
    "am_eric",
    "am_fenrir",
    "am_liam",
    "am_michael",
    "am_onyx",
    "am_puck",
  ],
  ...["am_santa", "bf_alice", "bf_emma", "bf_isabella", "bf_lily", "bm_daniel", "bm_fable", "bm_george", "bm_lewis"],
  ...[
    "ef_dora",
    "em_alex",
    "em_santa",
    "ff_siwis",
    "hf_alpha",
    "hf_beta",
    "hm_omega",
    "hm_psi",
    "if_sara",
    "im_nicola",
  ],
  ...["jf_alpha", "jf_gongitsune", "jf_nezumi", "jf_tebukuro", "jm_kumo", "pf_dora", "pm_alex", "pm_santa"],
  ...["zf_xiaobei", "zf_xiaoni", "zf_xiaoxiao", "zf_xiaoyi", "zm_yunjian", "zm_yunxi", "zm_yunxia", "zm_yunyang"],
];

type Asked = { voice?: string | undefined; language?: string | undefined };
/** `mapped`: the name that was asked for stands for another voice. */
export type ChosenVoice = { voice: VoiceFacts; language: string | undefined; mapped: boolean };

/** Throws `invalid_request` that names the field, and `not_supported` where no voice here speaks the language. */
export function chooseVoice(voices: readonly VoiceFacts[], asked: Asked): ChosenVoice {
  const language = asked.language === undefined ? undefined : tagOf(asked.language);
  const name = asked.voice ?? (language === undefined ? DEFAULT_VOICE : undefined);
  const own = name === undefined ? undefined : voices.find((voice) => voice.name.toLowerCase() === name.toLowerCase());
  if (own) {
    if (language !== undefined && !speaksLanguage(own, language)) {
      throw fault("language_code", `the voice ${own.name} speaks ${own.languages.join(", ")}, not ${shown(language)}`);
    }
    return { voice: own, language, mapped: false };
  }
  const alias = name === undefined ? null : aliasOf(name);
  if (name !== undefined && !alias) throw fault("voice", `there is no voice ${shown(name)}; GET /api/v1/tts/voices`);
  const wanted = language ?? alias?.tag ?? "en-US";
  const voice = nearest(voices, wanted, alias?.gender ?? null);
  if (!voice) throw new AppError("not_supported", `No voice here speaks ${wanted}; GET /api/v1/tts/voices lists them.`);
  return { voice, language: speaksLanguage(voice, wanted) ? wanted : undefined, mapped: name !== undefined };
}

/** What a name of Kokoro's stands for here; null where no voice is near it. */
export function standsFor(voices: readonly VoiceFacts[], name: string): VoiceFacts | null {
  const alias = aliasOf(name);
  return alias ? (nearest(voices, alias.tag, alias.gender) ?? null) : null;
}

function aliasOf(name: string): { tag: string; gender: "female" | "male" } | null {
  const [, letter = "", gender] = /^([a-z])([fm])_[a-z]{1,40}$/i.exec(name) ?? [];
  const tag = LANGUAGES.get(letter.toLowerCase())?.tag;
  return tag === undefined ? null : { tag, gender: gender?.toLowerCase() === "f" ? "female" : "male" };
}

/** A voice of the gender that is asked for, of that very accent before others; else any that speaks the language. */
function nearest(voices: readonly VoiceFacts[], tag: string, gender: VoiceFacts["gender"]): VoiceFacts | undefined {
  const here = voices.filter(({ available, source }) => available && source !== "operator");
  const [language = tag] = tag.split("-");
  const byNearness = [
    ...here.filter(({ languages }) => languages.includes(tag)),
    ...here.filter((voice) => speaksLanguage(voice, tag)),
    ...here.filter((voice) => speaksLanguage(voice, language)),
  ];
  return byNearness.find((voice) => gender !== null && voice.gender === gender) ?? byNearness[0];
}

/** One of Kokoro's letters, or a tag as it stands. */
function tagOf(language: string): string {
  const tag = LANGUAGES.get(language.toLowerCase())?.tag ?? language.replaceAll("_", "-");
  if (/^[a-z]{2,8}(-[a-z0-9]{1,8})*$/i.test(tag)) return tag;
  throw fault(
    "language_code",
    `${shown(language)} is neither a letter such as a nor a language tag such as en or pt-BR`,
  );
}

function fault(name: string, why: string): AppError {
  const msg = why;
  return new AppError("invalid_request", `${name}: ${why}`, {
    errors: [{ loc: ["body", name], msg, type: "value_error" }],
  });
}
