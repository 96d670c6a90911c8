/** A photo by the camera of a computer. */
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../texts.ts";

export function CameraDialog({ onFile, onClose }: { onFile: (file: Blob) => void; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const [fault, setFault] = useState<string | null>(null);
  const [ready, setReady] = useState(false);
  useEffect(() => {
    dialog.current?.showModal();
    let stream: MediaStream | null = null;
    let left = false;
    const wanted = { facingMode: "user", width: { ideal: 1920 }, height: { ideal: 1080 } };
    navigator.mediaDevices.getUserMedia({ video: wanted }).then(
      (given) => {
        stream = given;
        if (left) return stopStream(given);
        if (video.current) video.current.srcObject = given;
      },
      () => setFault(t("camera_denied")),
    );
    return () => {
      left = true;
      stopStream(stream);
    };
  }, []);
  const take = async () => {
    const photo = await frameOf(video.current!);
    onClose();
    if (photo) onFile(photo);
  };
  return (
    <dialog ref={dialog} class="camera" aria-label={t("camera_title")} onClose={onClose}>
      <h2>{t("camera_title")}</h2>
      {fault ? <p role="alert">{fault}</p> : null}
      {fault ? null : <video ref={video} autoplay muted playsInline onPlaying={() => setReady(true)} />}
      <div class="actions">
        {fault ? null : (
          <button class="button" type="button" disabled={!ready} onClick={take}>
            {t("camera_take")}
          </button>
        )}
        <button class="button plain" type="button" onClick={onClose}>
          {t("close")}
        </button>
      </div>
    </dialog>
  );
}

function stopStream(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

function frameOf(video: HTMLVideoElement): Promise<Blob | null> {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d")?.drawImage(video, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
}
