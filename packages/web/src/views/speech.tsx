/** What the portrait says: a text with a voice, or a recording. */
import type { Voice } from "@smileloop/sdk/index.ts";
import { useEffect, useState } from "preact/hooks";
import { useKinds, useVoices } from "../catalog.ts";
import type { Wanted } from "../jobs.ts";
import type { Photo } from "../photo.ts";
import { sayError, smileloop } from "../server.ts";
import { languageTag, t } from "../texts.ts";
import { Agree } from "./agree.tsx";
import { SoundInput } from "./sound-input.tsx";

type SpeechProps = {
  photo: Photo;
  starting: boolean;
  onMake: (wanted: Wanted) => void;
  onAgree: (agreed: boolean) => void;
};
type Sound = { file: Blob; name: string };

const WAYS = ["text", "sound"] as const;
/** A text that takes minutes to say is one too long for this page, whatever the server takes. */
const MOST_CHARACTERS = 600;

export function Speech({ photo, starting, onMake, onAgree }: SpeechProps) {
  const [way, setWay] = useState<(typeof WAYS)[number]>("text");
  const [text, setText] = useState("");
  const [voice, setVoice] = useState<string | null>(null);
  const [sound, setSound] = useState<Sound | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const [sending, setSending] = useState(false);
  const voices = useVoices();
  const slot = useKinds()?.get("talk")?.inputs.audio;
  useEffect(() => setVoice((now) => now ?? (voices ? usualVoice(voices) : null)), [voices]);
  const ready = way === "text" ? text.trim() !== "" && voice !== null : sound !== null;

  const make = async (event: SubmitEvent) => {
    event.preventDefault();
    // of a group only one speaks
    const size = photo.face === "all" ? "source" : 512;
    if (way === "text") {
      return onMake({ kind: "talk", params: { text: text.trim(), voice, size }, preset: null });
    }
    if (!sound) return;
    setFault(null);
    setSending(true);
    try {
      const audio = await smileloop.uploads.send(sound.file);
      onMake({ kind: "talk", params: { size }, audio, preset: null });
    } catch (error) {
      setFault(sayError(error));
    }
    setSending(false);
  };
  return (
    <form class="make" onSubmit={make}>
      <fieldset class="choice">
        <legend>{t("speech_title")}</legend>
        {WAYS.map((each) => (
          <label key={each}>
            <input type="radio" name="way" checked={way === each} onChange={() => setWay(each)} />
            <span>{t(`speech_by_${each}`)}</span>
          </label>
        ))}
      </fieldset>
      {way === "text" ? (
        <>
          <label class="field">
            {t("speech_text")}
            <textarea
              rows={4}
              maxLength={MOST_CHARACTERS}
              dir="auto"
              placeholder={t("speech_placeholder")}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          </label>
          <p class="count soft">{t("speech_count", { n: text.length, max: MOST_CHARACTERS })}</p>
          <VoiceSelect voices={voices ?? []} voice={voice} onVoice={setVoice} />
        </>
      ) : (
        <SoundInput slot={slot} sound={sound} onSound={setSound} />
      )}
      {fault ? (
        <p class="fault" role="alert">
          {fault}
        </p>
      ) : null}
      <Agree photo={photo} onAgree={onAgree} />
      <div class="bar">
        <button class="button" type="submit" disabled={!ready || starting || sending}>
          {starting || sending ? t("starting") : t("make")}
        </button>
      </div>
    </form>
  );
}

type VoiceSelectProps = { voices: Voice[]; voice: string | null; onVoice: (name: string) => void };

/** Under their languages, the reader's own first. */
function VoiceSelect({ voices, voice, onVoice }: VoiceSelectProps) {
  const groups = Map.groupBy(voices, ({ languages }) => languages[0]?.split("-")[0] ?? "");
  const names = new Intl.DisplayNames(languageTag(), { type: "language" });
  const own = languageTag();
  const sorted = [...groups].sort(
    ([a], [b]) => Number(b === own) - Number(a === own) || nameOf(names, a).localeCompare(nameOf(names, b), own),
  );
  return (
    <label class="field">
      {t("voice")}
      <select value={voice ?? ""} onChange={(event) => onVoice(event.currentTarget.value)}>
        {sorted.map(([language, group]) => (
          <optgroup key={language} label={nameOf(names, language)}>
            {group.map((each) => (
              <option key={each.name} value={each.name}>
                {titleOf(each, names)}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}

/** In the reader's words; an operator's voice is called as the operator calls it. */
function titleOf({ title, languages: [language], gender, source }: Voice, names: Intl.DisplayNames): string {
  if (languageTag() === "en" || source === "operator" || language === undefined || gender === null) return title;
  return `${nameOf(names, language)} – ${t(gender === "male" ? "voice_male" : "voice_female")}`;
}

function nameOf(names: Intl.DisplayNames, language: string): string {
  try {
    return names.of(language) ?? language;
  } catch {
    return language;
  }
}

/** One of the reader's language, else the first. */
function usualVoice(voices: Voice[]): string | null {
  const own = languageTag();
  const speaks = ({ languages }: Voice) => languages.some((tag) => tag.split("-")[0] === own);
  return (voices.find(speaks) ?? voices[0])?.name ?? null;
}
