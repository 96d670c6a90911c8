/** A job from its beginning to its result, or to why there is none. */
import type { Job } from "@smileloop/sdk/index.ts";
import { useJob } from "../jobs.ts";
import type { ChangePhoto, Photo } from "../photo.ts";
import { go } from "../place.ts";
import { facts, isGone, sayError, smileloop } from "../server.ts";
import { clock, span, t, tMaybe } from "../texts.ts";
import { Picker } from "./picker.tsx";
import { Result } from "./result.tsx";

type JobViewProps = {
  id: string;
  photo: Photo | null;
  onPhoto: ChangePhoto;
  onFile: (file: Blob) => void;
};

export function JobView({ id, photo, onPhoto, onFile }: JobViewProps) {
  const { job, error } = useJob(id);
  if (job?.status === "succeeded") return <Result job={job} photo={photo} onPhoto={onPhoto} onFile={onFile} />;
  if (isGone(error) || job?.status === "expired") {
    const life = span(facts.lifeSeconds);
    const paid = job?.charge?.notice ? ` ${t("pay_gone")}` : "";
    return <Ended title={t("gone_title")} text={t("gone_text", { life }) + paid} photo={photo} onFile={onFile} />;
  }
  if (error) return <Ended title={t("failed_title")} text={sayError(error)} photo={photo} onFile={onFile} />;
  if (job?.status === "canceled") return <Ended title={t("canceled_title")} text="" photo={photo} onFile={onFile} />;
  if (job?.error) return <Ended title={t("failed_title")} text={sayFailure(job)} photo={photo} onFile={onFile} />;
  return <Making id={id} job={job} photo={photo} />;
}

function sayFailure({ error }: Job): string {
  return tMaybe(`error_${error?.code}`) ?? error?.detail ?? t("error_server");
}

function Making({ id, job, photo }: { id: string; job: Job | null; photo: Photo | null }) {
  const { stage = "queued", percent = 0, eta_seconds = null, queue_position = null } = job?.progress ?? {};
  const doing = tMaybe(`stage_${stage}`) ?? t("stage_working");
  const left =
    eta_seconds === null || eta_seconds < 1 ? null : t("progress_eta", { time: clock(Math.ceil(eta_seconds)) });
  const ahead = queue_position ? t("progress_queue", { n: queue_position }) : null;
  const stopping = job?.status === "canceling";
  const cancel = () => void smileloop.jobs.cancel(id).catch(() => {});
  return (
    <div class="studio">
      <div class="stage busy">{photo?.url ? <img src={photo.url} alt={t("photo_alt")} /> : <div class="blank" />}</div>
      <div class="panel">
        <h1>{t("progress_title")}</h1>
        <progress aria-label={t("progress_title")} value={percent} max={100} />
        <p class="stage-name">
          <span role="status">{stopping ? t("stage_canceling") : doing}</span>
          <span class="soft">{ahead ?? left ?? "\u00a0"}</span>
        </p>
        <p class="soft">{t("progress_keep")}</p>
        <p>
          <button class="button plain" type="button" disabled={stopping} onClick={cancel}>
            {t("cancel")}
          </button>
        </p>
      </div>
    </div>
  );
}

type EndedProps = { title: string; text: string; photo: Photo | null; onFile: (file: Blob) => void };

function Ended({ title, text, photo, onFile }: EndedProps) {
  const usable = photo !== null && photo.expiresAt > Date.now();
  return (
    <div class="ended card">
      <h1>{title}</h1>
      {text ? <p role="alert">{text}</p> : null}
      {usable ? (
        <p>
          <button class="button" type="button" onClick={() => go({ at: "photo" })}>
            {t("again")}
          </button>
        </p>
      ) : (
        <Picker onFile={onFile} />
      )}
    </div>
  );
}
