/** A sound: recorded here, or a file. */
import type { SlotView } from "@smileloop/sdk/index.ts";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Recording, startRecording } from "../record.ts";
import { clock, t } from "../texts.ts";
import { Icon } from "./icons.tsx";
import { useNow } from "./use-now.ts";

type Sound = { file: Blob; name: string };
type SoundInputProps = { slot: SlotView | undefined; sound: Sound | null; onSound: (sound: Sound | null) => void };

export function SoundInput({ slot, sound, onSound }: SoundInputProps) {
  const [recording, setRecording] = useState<Recording | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => () => recording?.cancel(), [recording]);

  const record = async () => {
    setFault(null);
    try {
      setRecording(await startRecording());
    } catch {
      setFault(t("sound_denied"));
    }
  };
  const stop = async () => {
    const file = await recording?.stop().catch(() => null);
    setRecording(null);
    if (file) onSound({ file, name: t("sound_own") });
  };
  const picked = (event: { currentTarget: HTMLInputElement }) => {
    const file = event.currentTarget.files?.[0];
    event.currentTarget.value = "";
    if (file) onSound({ file, name: file.name });
  };
  return (
    <div class="sound">
      <div class="actions">
        {navigator.mediaDevices ? (
          <button class="button plain" type="button" onClick={recording ? stop : record}>
            <Icon name={recording ? "stop" : "mic"} /> {t(recording ? "sound_stop" : "sound_record")}
          </button>
        ) : null}
        <button class="button plain" type="button" onClick={() => input.current?.click()}>
          {t("sound_choose")}
        </button>
        <input
          ref={input}
          class="hidden"
          type="file"
          accept={slot?.content_types.join(",") ?? "audio/*"}
          onChange={picked}
          tabIndex={-1}
          aria-hidden="true"
        />
      </div>
      {recording ? <Elapsed since={recording.startedAt} /> : null}
      {sound && !recording ? <Heard sound={sound} /> : null}
      {fault ? (
        <p class="fault" role="alert">
          {fault}
        </p>
      ) : null}
    </div>
  );
}

function Elapsed({ since }: { since: number }) {
  return <p class="recording">{t("sound_recording", { time: clock((useNow(250) - since) / 1000) })}</p>;
}

function Heard({ sound: { file, name } }: { sound: Sound }) {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  return (
    <div>
      <p role="status">{t("sound_chosen", { name })}</p>
      {/* biome-ignore lint/a11y/useMediaCaption: the reader's own recording, of which there is no text */}
      <audio src={url} controls aria-label={name} />
    </div>
  );
}
