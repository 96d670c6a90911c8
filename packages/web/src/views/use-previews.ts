/** Each motion on the reader's own photo: a job that makes all of them, small, whose outputs appear one by one. */
import { newId } from "@smileloop/sdk/index.ts";
import { useEffect, useState } from "preact/hooks";
import { useJob } from "../jobs.ts";
import type { Photo } from "../photo.ts";
import { smileloop } from "../server.ts";

export type Clip = { url: string; sha256: string };
/** `drawing`: they are on their way; `own`: all are there; `example`: there will be none. */
export type Previews = { state: "drawing" | "own" | "example"; clips: ReadonlyMap<string, Clip> };

/** Of the small clips, pixels. */
export const SIDE = 256;

/** `offered`: whether the server makes them; null while that is not known. */
export function usePreviews(photo: Photo, onPhoto: (photo: Photo) => void, offered: boolean | null): Previews {
  const face = photo.face === "all" ? 0 : photo.face;
  const id = photo.previews[face] ?? null;
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (!offered || id !== null) return;
    const made = newId();
    const request = { kind: "previews", inputs: { image: { upload: photo.upload } }, params: { size: SIDE, face } };
    smileloop.jobs.create(made, request).then(
      () => onPhoto({ ...photo, previews: { ...photo.previews, [face]: made } }),
      () => setFailed(true),
    );
  }, [offered, id, face, photo.upload]);
  const { job, error } = useJob(id);
  const clips = new Map(Object.entries(job?.outputs ?? {}));
  if (job?.status === "succeeded") return { state: "own", clips };
  const ended = job !== null && ["failed", "canceled", "expired"].includes(job.status);
  const lost = offered === false || failed || error !== null || ended;
  return { state: lost ? "example" : "drawing", clips };
}
