/** Each motion on the reader's own photo: a job that makes all of them, small, whose outputs appear one by one. */
import { type Job, newId } from "@smileloop/sdk/index.ts";
import { useEffect, useRef, useState } from "preact/hooks";
import { useJob } from "../jobs.ts";
import type { ChangePhoto, Photo } from "../photo.ts";
import { smileloop } from "../server.ts";
import { consentOf } from "./agree.tsx";

export type Clip = { url: string; sha256: string };
/** `drawing`: they are on their way; `own`: all are there; `example`: there will be none. */
export type Previews = { state: "drawing" | "own" | "example"; clips: ReadonlyMap<string, Clip> };

/** Of the small clips, pixels. */
export const SIDE = 256;

/** `offered`: whether the server makes them; null while that is not known. */
export function usePreviews(photo: Photo, onPhoto: ChangePhoto, offered: boolean | null): Previews {
  const face = photo.face === "all" ? 0 : photo.face;
  const id = photo.previews[face] ?? null;
  const [failed, setFailed] = useState(false);
  // a server that wants consent for everything makes them once it was given
  const again = failed && photo.agreed === true;
  useEffect(() => {
    if (!offered || id !== null) return;
    const made = newId();
    const request = {
      kind: "previews",
      inputs: { image: { upload: photo.upload } },
      params: { size: SIDE, face, ...consentOf(photo) },
    };
    smileloop.jobs.create(made, request).then(
      () => {
        setFailed(false);
        onPhoto((now) => withPreviews(now, photo.upload, face, made));
      },
      () => setFailed(true),
    );
  }, [offered, id, face, photo.upload, again]);
  const { job, error } = useJob(id);
  // for the sake of a video they were stopped (`stopPreviews`), so they begin anew
  const stopped = job?.status === "canceled";
  useEffect(() => {
    if (stopped) onPhoto((now) => withPreviews(now, photo.upload, face, undefined));
  }, [stopped]);
  // what a first attempt has made stays to be seen while a second one makes it again
  const clips = useClips(id, job);
  if (job?.status === "succeeded") return { state: "own", clips };
  const ended = job !== null && ["failed", "expired"].includes(job.status);
  const lost = offered === false || failed || error !== null || ended;
  return { state: lost ? "example" : "drawing", clips };
}

/** Unless it is another photo by now. */
function withPreviews(now: Photo, upload: string, face: number, id: string | undefined): Photo {
  return now.upload === upload ? { ...now, previews: { ...now.previews, [face]: id } } : now;
}

function useClips(id: string | null, job: Job | null): ReadonlyMap<string, Clip> {
  const kept = useRef<{ id: string | null; clips: Map<string, Clip> }>({ id, clips: new Map() });
  if (kept.current.id !== id) kept.current = { id, clips: new Map() };
  for (const [name, clip] of Object.entries(job?.outputs ?? {})) kept.current.clips.set(name, clip);
  return kept.current.clips;
}

/** What is still being tried gives way to the video that was chosen; what has ended stays. */
export function stopPreviews({ previews }: Photo): void {
  for (const id of Object.values(previews)) if (id) smileloop.jobs.cancel(id).catch(() => {});
}
