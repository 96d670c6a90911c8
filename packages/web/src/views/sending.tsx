import { t } from "../texts.ts";

type SendingProps = { url: string | null; share: number; stop: () => void };

/** The photo while it is sent and looked at. */
export function Sending({ url, share, stop }: SendingProps) {
  const text = share < 1 ? t("sending") : t("working_on_photo");
  return (
    <div class="studio">
      <div class="stage busy">{url ? <img src={url} alt={t("photo_alt")} /> : <div class="blank" />}</div>
      <div class="panel">
        <h1 role="status">{text}…</h1>
        <progress aria-label={text} {...(share < 1 ? { value: share, max: 1 } : {})} />
        <p>
          <button class="button plain" type="button" onClick={stop}>
            {t("cancel")}
          </button>
        </p>
      </div>
    </div>
  );
}
