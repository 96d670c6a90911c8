/** A photo, and what can be made of it. */
import { useEffect, useState } from "preact/hooks";
import { useKinds } from "../catalog.ts";
import { startJob, type Wanted } from "../jobs.ts";
import type { ChangePhoto, Photo } from "../photo.ts";
import { go } from "../place.ts";
import { isGone, sayError } from "../server.ts";
import { t } from "../texts.ts";
import { consentOf } from "./agree.tsx";
import { FaceChoice, FaceMarks } from "./faces.tsx";
import { faultOf, hintsOf } from "./hints.ts";
import { Motions } from "./motions.tsx";
import { Picker } from "./picker.tsx";
import { Speech } from "./speech.tsx";
import { stopPreviews } from "./use-previews.ts";

type StudioProps = { photo: Photo; onPhoto: ChangePhoto; onFile: (file: Blob) => void };

const TABS = ["motion", "speech"] as const;

export function Studio({ photo, onPhoto, onFile }: StudioProps) {
  const [tab, setTab] = useState<(typeof TABS)[number]>("motion");
  const [fault, setFault] = useState<string | null>(null);
  const [starting, setStarting] = useState(false);
  const kinds = useKinds();
  const { inspection } = photo;
  const blocked = faultOf(inspection);
  useEffect(() => setFault(null), [tab]);

  const make = async ({ kind, params, audio, preset }: Wanted) => {
    setFault(null);
    setStarting(true);
    const { face } = photo;
    const inputs = { image: { upload: photo.upload }, ...(audio === undefined ? {} : { audio: { upload: audio } }) };
    const faces = face === "all" ? { faces: "all" } : { face };
    try {
      stopPreviews(photo);
      go({
        at: "job",
        id: await startJob({ kind, inputs, params: { ...params, ...faces, ...consentOf(photo) } }, preset),
      });
    } catch (error) {
      setStarting(false);
      setFault(sayError(error));
      if (isGone(error)) onPhoto(null);
    }
  };
  const onAgree = (agreed: boolean) => onPhoto((now) => ({ ...now, agreed }));
  const shared = { photo, starting, onMake: make, onAgree };
  const work = tab === "motion" ? <Motions {...shared} onPhoto={onPhoto} /> : <Speech {...shared} />;

  return (
    <div class="studio choosing">
      <div class="beside">
        <div class="stage">
          {photo.url ? (
            <img src={photo.url} alt={t("photo_alt")} width={inspection.width} height={inspection.height} />
          ) : (
            <p class="blank soft">{t("photo_not_shown")}</p>
          )}
          {photo.url && !blocked ? <FaceMarks photo={photo} onPhoto={onPhoto} /> : null}
        </div>
        {blocked ? null : <Hints hints={hintsOf(photo)} />}
        {blocked ? null : <FaceChoice photo={photo} onPhoto={onPhoto} />}
      </div>
      <div class="panel">
        {blocked ? (
          <div class="fault" role="alert">
            <h1>{t("failed_title")}</h1>
            <p>{blocked}</p>
          </div>
        ) : (
          <>
            <h1 class="hidden">{t("modes")}</h1>
            {kinds?.has("talk") ? <Tabs tab={tab} onTab={setTab} /> : null}
            {fault ? (
              <p class="fault" role="alert">
                {fault}
              </p>
            ) : null}
            {kinds?.has("talk") ? (
              <div id="tab-panel" role="tabpanel" aria-labelledby={`tab-${tab}`}>
                {work}
              </div>
            ) : (
              work
            )}
          </>
        )}
      </div>
      <details class="other-photo" open={blocked !== null}>
        <summary>{t("another_photo")}</summary>
        <Picker onFile={onFile} />
      </details>
    </div>
  );
}

function Tabs({ tab, onTab }: { tab: string; onTab: (tab: (typeof TABS)[number]) => void }) {
  const other = TABS.find((each) => each !== tab)!;
  const byKey = (event: KeyboardEvent) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    onTab(other);
    document.getElementById(`tab-${other}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={t("modes")} onKeyDown={byKey}>
      {TABS.map((each) => (
        <button
          key={each}
          id={`tab-${each}`}
          type="button"
          role="tab"
          aria-selected={each === tab}
          aria-controls="tab-panel"
          tabIndex={each === tab ? 0 : -1}
          onClick={() => onTab(each)}
        >
          {t(`mode_${each}`)}
        </button>
      ))}
    </div>
  );
}

function Hints({ hints }: { hints: string[] }) {
  if (hints.length === 0) return null;
  return (
    <ul class="hints">
      {hints.map((hint) => (
        <li key={hint}>{hint}</li>
      ))}
    </ul>
  );
}
