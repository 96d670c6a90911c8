/** The buttons by which a photo comes in: out of the files, or by a camera. */
import { useRef, useState } from "preact/hooks";
import { t } from "../texts.ts";
import { CameraDialog } from "./camera.tsx";
import { Icon } from "./icons.tsx";

/** HEIC has no type in most browsers. */
const ACCEPT = "image/*,.heic,.heif,.avif";
/** Phones take photos by themselves, with all that their camera can. */
const isPhone = matchMedia("(pointer: coarse)").matches;
const hasCamera = isPhone || navigator.mediaDevices?.getUserMedia !== undefined;

export function Picker({ onFile }: { onFile: (file: Blob) => void }) {
  const files = useRef<HTMLInputElement>(null);
  const camera = useRef<HTMLInputElement>(null);
  const [taking, setTaking] = useState(false);
  const picked = (event: { currentTarget: HTMLInputElement }) => {
    const file = event.currentTarget.files?.[0];
    event.currentTarget.value = "";
    if (file) onFile(file);
  };
  return (
    <div class="picker">
      <button class="button" type="button" onClick={() => files.current?.click()}>
        <Icon name="photo" /> {t("choose")}
      </button>
      <input
        ref={files}
        class="hidden"
        type="file"
        accept={ACCEPT}
        onChange={picked}
        tabIndex={-1}
        aria-hidden="true"
      />
      {hasCamera ? (
        <button
          class="button plain"
          type="button"
          onClick={() => (isPhone ? camera.current?.click() : setTaking(true))}
        >
          <Icon name="camera" /> {t("take_photo")}
        </button>
      ) : null}
      <input
        ref={camera}
        class="hidden"
        type="file"
        accept="image/*"
        capture="user"
        onChange={picked}
        tabIndex={-1}
        aria-hidden="true"
      />
      {taking ? <CameraDialog onFile={onFile} onClose={() => setTaking(false)} /> : null}
    </div>
  );
}
