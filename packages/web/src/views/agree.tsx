/** Why the people in the photo may be shown: one line to agree to, without which nothing is made. */
import type { Photo } from "../photo.ts";
import { languageTag, t } from "../texts.ts";

/** Of the sentence `consent` in `texts/`, as the server knows it (`core/consent-texts.ts`). */
export const CONSENT_VERSION = "2026-12";

type AgreeProps = { photo: Photo; onAgree: (agreed: boolean) => void };

export function Agree({ photo, onAgree }: AgreeProps) {
  return (
    <label class="agree">
      <input
        type="checkbox"
        required
        checked={photo.agreed === true}
        onChange={(event) => onAgree(event.currentTarget.checked)}
      />
      <span>{t("consent")}</span>
    </label>
  );
}

/** As a param of jobs; nothing until somebody has agreed. */
export function consentOf({ agreed }: Pick<Photo, "agreed">) {
  if (!agreed) return {};
  return { consent: { subject: "permission", text_version: CONSENT_VERSION, locale: languageTag() } as const };
}
