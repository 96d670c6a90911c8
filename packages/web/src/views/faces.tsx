/** Which of several faces moves: marks on the photo, and the same as a list. */
import type { ChangePhoto, Photo } from "../photo.ts";
import { t } from "../texts.ts";
import { movable } from "./hints.ts";

type FacesProps = { photo: Photo; onPhoto: ChangePhoto };

export function FaceMarks({ photo, onPhoto }: FacesProps) {
  const { width, height, faces } = photo.inspection;
  const places = movable(photo.inspection);
  if (places.length < 2) return null;
  const percent = (part: number, whole: number) => `${(100 * part) / whole}%`;
  return (
    <>
      {places.map((place) => {
        const { box } = faces[place]!;
        const style = {
          left: percent(box.x, width),
          top: percent(box.y, height),
          width: percent(box.width, width),
          height: percent(box.height, height),
        };
        return (
          <button
            key={place}
            class="face-mark"
            type="button"
            style={style}
            aria-pressed={photo.face === place || photo.face === "all"}
            aria-label={t("face_n", { n: place + 1 })}
            onClick={() => onPhoto((now) => ({ ...now, face: place }))}
          />
        );
      })}
    </>
  );
}

export function FaceChoice({ photo, onPhoto }: FacesProps) {
  const places = movable(photo.inspection);
  if (places.length < 2) return null;
  const choices = [...places, "all" as const];
  return (
    <fieldset class="choice">
      <legend>{t("faces_title")}</legend>
      {choices.map((face) => (
        <label key={face}>
          <input
            type="radio"
            name="face"
            checked={photo.face === face}
            onChange={() => onPhoto((now) => ({ ...now, face }))}
          />
          <span>{face === "all" ? t("all_faces") : t("face_n", { n: face + 1 })}</span>
        </label>
      ))}
    </fieldset>
  );
}
