/** What the look at a photo says to people. */
import type { Inspection, Warning } from "@smileloop/sdk/index.ts";
import type { Photo } from "../photo.ts";
import { t, tMaybe } from "../texts.ts";

/** Why nothing can be made of the photo; null where something can. */
export function faultOf({ faces, warnings }: Inspection): string | null {
  if (faces.some(({ moves }) => moves)) return null;
  const first = faces[0]?.warnings[0] ?? warnings[0];
  return first ? sayWarning(first) : t("error_no_face");
}

/** What will be only partly good. */
export function hintsOf({ inspection, face }: Photo): string[] {
  const { faces, warnings } = inspection;
  const several = warnings.some(({ code }) => code === "several_faces") && movable(inspection).length > 1;
  const about = face === "all" ? [] : (faces[face]?.warnings ?? []);
  return [...(several ? [t("warning_several_faces", { n: faces.length })] : []), ...about.map(sayWarning)];
}

export function sayWarning({ code, detail }: Warning): string {
  return tMaybe(`warning_${code}`) ?? tMaybe(`error_${code}`) ?? detail;
}

/** Places of the faces that can move. */
export function movable({ faces }: Inspection): number[] {
  return faces.flatMap(({ moves }, place) => (moves ? [place] : []));
}
