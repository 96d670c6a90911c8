/** The motions, each playing on the reader's own photo as soon as the server has tried it, and how it is to be made. */
import { useEffect, useState } from "preact/hooks";
import { useKinds, usePresets } from "../catalog.ts";
import type { Wanted } from "../jobs.ts";
import type { ChangePhoto, Photo } from "../photo.ts";
import { presetName, t } from "../texts.ts";
import { Agree } from "./agree.tsx";
import { stillWanted } from "./still-wanted.ts";
import { useFileUrl } from "./use-file-url.ts";
import { type Clip, SIDE, usePreviews } from "./use-previews.ts";

type MotionsProps = {
  photo: Photo;
  starting: boolean;
  onMake: (wanted: Wanted) => void;
  onPhoto: ChangePhoto;
  onAgree: (agreed: boolean) => void;
};

const SIZES = ["source", 512, 720, 1024] as const;

export function Motions({ photo, starting, onMake, onPhoto, onAgree }: MotionsProps) {
  const presets = usePresets();
  const kinds = useKinds();
  const previews = usePreviews(photo, onPhoto, kinds?.has("previews") ?? null);
  const [chosen, setChosen] = useState<string | null>(null);
  const [strength, setStrength] = useState(1);
  const [size, setSize] = useState<(typeof SIZES)[number]>("source");
  const first = presets?.[0]?.name;
  useEffect(() => setChosen((now) => now ?? first ?? null), [first]);

  const make = (event: SubmitEvent) => {
    event.preventDefault();
    if (chosen === null) return;
    onMake({ kind: "animate", params: { preset: chosen, intensity: strength, size }, preset: chosen });
  };
  return (
    <form class="make" onSubmit={make}>
      <fieldset class="motions">
        <legend>{t("motions_title")}</legend>
        <p class="soft" role="status">
          {t(
            previews.state === "own"
              ? "motions_own"
              : previews.state === "drawing"
                ? "motions_drawing"
                : "motions_example",
          )}
        </p>
        <div class="tiles">
          {(presets ?? PLACEHOLDERS).map(({ name, title, description, preview_url }) => (
            <label key={name} class="tile" title={description}>
              <input
                type="radio"
                name="preset"
                value={name}
                checked={chosen === name}
                disabled={presets === null}
                onChange={() => setChosen(name)}
              />
              <Tile
                own={previews.clips.get(name)}
                photo={photo}
                example={previews.state === "example" ? preview_url : null}
              />
              <span class="name">{presetName(name, title)}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <div class="how">
        <label class="strength">
          {t("strength")}
          <span class="ends">
            <span aria-hidden="true">{t("strength_low")}</span>
            <input
              type="range"
              min="0.5"
              max="1.5"
              step="0.1"
              value={strength}
              onInput={(event) => setStrength(event.currentTarget.valueAsNumber)}
            />
            <span aria-hidden="true">{t("strength_high")}</span>
          </span>
        </label>
        <label>
          {t("size")}
          <select value={String(size)} onChange={(event) => setSize(SIZES[event.currentTarget.selectedIndex]!)}>
            {SIZES.map((each) => (
              <option key={each} value={String(each)}>
                {each === "source" ? t("size_source") : t("size_square", { n: String(each) })}
              </option>
            ))}
          </select>
        </label>
      </div>
      <Agree photo={photo} onAgree={onAgree} />
      <div class="bar">
        <button class="button" type="submit" disabled={starting || chosen === null}>
          {starting ? t("starting") : t("make")}
        </button>
      </div>
    </form>
  );
}

/** So that nothing jumps when the list arrives. */
const PLACEHOLDERS = Array.from({ length: 12 }, (_, n) => {
  return { name: `place-${n}`, title: "\u00a0", description: "", preview_url: null };
});

type TileProps = { own: Clip | undefined; photo: Photo; example: string | null };

/** The motion on this photo, else the photo itself, else the catalogue's example. Moving pictures only for those who want them. */
function Tile({ own, photo, example }: TileProps) {
  const still = stillWanted();
  const url = useFileUrl(own);
  if (url) return <video src={url} autoplay={!still} muted loop playsInline width={SIDE} height={SIDE} />;
  if (example && !still) return <img src={example} alt="" width={SIDE} height={SIDE} />;
  if (photo.url === null) return <span class="blank" />;
  return (
    <span class={`crop ${still ? "" : "waiting"}`}>
      <img src={photo.url} alt="" style={cropOf(photo)} />
    </span>
  );
}

/** Times the face that the square around it is, about as the server frames it. */
const AROUND = 2.9;

/** Shows the square around the face. */
function cropOf({ inspection: { width, height, faces }, face }: Photo) {
  const { x, y, width: across, height: down } = faces[face === "all" ? 0 : face]!.box;
  const side = Math.min(width, height, AROUND * Math.max(across, down));
  const startOf = (middle: number, whole: number) => Math.min(whole - side, Math.max(0, middle - side / 2));
  const percent = (part: number) => `${(100 * part) / side}%`;
  return {
    width: percent(width),
    left: percent(-startOf(x + across / 2, width)),
    top: percent(-startOf(y + down / 2, height)),
  };
}
