/** What came out: shown in a loop beside the photo, to keep, to send on, and to delete. */
import type { Job } from "@smileloop/sdk/index.ts";
import { useEffect, useState } from "preact/hooks";
import { removeEntry } from "../history.ts";
import { download, hasVideo } from "../jobs.ts";
import type { ChangePhoto, Photo } from "../photo.ts";
import { go } from "../place.ts";
import { isGone, sayError, smileloop } from "../server.ts";
import { clock, presetName, t } from "../texts.ts";
import { Bought } from "./bought.tsx";
import { Downloads, fileName, saveAs } from "./downloads.tsx";
import { sayWarning } from "./hints.ts";
import { Icon } from "./icons.tsx";
import { notice } from "./notice.tsx";
import { Picker } from "./picker.tsx";
import { Player } from "./player.tsx";
import { Purchase } from "./purchase.tsx";
import { useNow } from "./use-now.ts";

type ResultProps = {
  job: Job;
  photo: Photo | null;
  onPhoto: ChangePhoto;
  onFile: (file: Blob) => void;
};

export function Result({ job: followed, photo, onPhoto, onFile }: ResultProps) {
  // what a purchase has made of it since
  const [changed, setChanged] = useState<Job | null>(null);
  const job = changed ?? followed;
  const { shown, file, fault } = useFile(job, changed !== null);
  const remove = async () => {
    try {
      await smileloop.jobs.delete(job.id);
      await forget(photo);
    } catch (error) {
      if (!isGone(error)) return notice(sayError(error));
    }
    removeEntry(job.id);
    onPhoto(null);
    go({ at: "start" });
    notice(t("deleted"));
  };
  const preset = typeof job.params.preset === "string" ? job.params.preset : null;
  // that of a job for sale is one of the preview
  const poster = job.charge && shown === "video" ? undefined : job.outputs.poster?.url;
  const usable = photo !== null && photo.expiresAt > Date.now();
  return (
    <div class="studio">
      <div class="beside">
        <Player file={file} output={job.outputs[shown]} poster={poster} sounds={preset === null} />
      </div>
      <div class="panel">
        <h1>{preset === null ? t("result_title") : presetName(preset, preset)}</h1>
        {fault ? (
          <p class="fault" role="alert">
            {fault}
          </p>
        ) : null}
        <Purchase job={job} onJob={setChanged} />
        <Bought job={job} onJob={setChanged} />
        <Downloads job={job} file={file} />
        <Notes job={job} />
        <Deletion job={job} onDelete={remove} />
        <p class="machine soft">
          <Icon name="robot" /> {t("made_by_machine")}
          {job.outputs[shown]?.mark?.label ? ` ${t("made_labeled")}` : null}
        </p>
        <div class="next">
          {usable ? (
            <button class="button plain" type="button" onClick={() => go({ at: "photo" })}>
              {t("another_motion")}
            </button>
          ) : null}
          <details class="other-photo">
            <summary>{t("another_photo")}</summary>
            <Picker onFile={onFile} />
          </details>
        </div>
      </div>
    </div>
  );
}

/** The file that is shown. `saves`: whether a clean one is saved, too, as it was just asked for here. */
function useFile(job: Job, saves: boolean) {
  const [got, setGot] = useState<{ shown?: string; file?: Blob; fault?: string }>({});
  const shown = hasVideo(job) ? "video" : "preview";
  useEffect(() => {
    const leaving = new AbortController();
    download(job, shown, leaving.signal).then(
      (file) => {
        setGot({ shown, file });
        if (saves && shown === "video") saveAs(file, `${fileName(job)}.mp4`);
      },
      (error: unknown) => {
        if (!leaving.signal.aborted) setGot({ shown, fault: sayError(error) });
      },
    );
    return () => leaving.abort();
  }, [job.id, shown]);
  // a preview is not taken for the clean file while that is on its way
  const { file = null, fault = null } = got.shown === shown ? got : {};
  return { shown, file, fault };
}

/** The photo itself, and the small clips that were made of it. */
async function forget(photo: Photo | null): Promise<void> {
  if (!photo) return;
  const gone = (error: unknown) => {
    if (!isGone(error)) throw error;
  };
  await Promise.all([
    smileloop.uploads.delete(photo.upload).catch(gone),
    ...Object.values(photo.previews).map((id) => id && smileloop.jobs.delete(id).catch(gone)),
  ]);
}

function Notes({ job: { warnings } }: { job: Job }) {
  if (warnings.length === 0) return null;
  return (
    <details class="notes">
      <summary>{t("notes")}</summary>
      <ul>
        {warnings.map((warning) => (
          <li key={warning.code}>{sayWarning(warning)}</li>
        ))}
      </ul>
    </details>
  );
}

function Deletion({ job, onDelete }: { job: Job; onDelete: () => Promise<void> }) {
  const now = useNow(1000);
  const [asking, setAsking] = useState(false);
  const left = (Date.parse(job.expires_at ?? job.created_at) - now) / 1000;
  useEffect(() => {
    if (left <= 0) removeEntry(job.id);
  }, [left <= 0]);
  return (
    <div class="deletion">
      <p>
        <Icon name="clock" /> <span class="left">{t("deleted_in", { time: clock(left) })}</span>
      </p>
      {asking ? (
        <fieldset class="sure">
          <legend>{t("delete_sure")}</legend>
          <button class="button danger" type="button" onClick={onDelete}>
            {t("delete_yes")}
          </button>
          <button class="button plain" type="button" onClick={() => setAsking(false)}>
            {t("delete_no")}
          </button>
        </fieldset>
      ) : (
        <button class="quiet" type="button" onClick={() => setAsking(true)}>
          <Icon name="bin" /> {t("delete")}
        </button>
      )}
    </div>
  );
}
