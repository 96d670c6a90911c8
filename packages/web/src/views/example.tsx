/** A clip that the engine has made: Grace Hopper (US Navy, public domain), as in `test/fixtures`, with the preset `big_smile`. */
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../texts.ts";
import { Icon } from "./icons.tsx";
import { stillWanted } from "./still-wanted.ts";

const CLIP = new URL("../images/hero.mp4", import.meta.url).href;
const STILL = new URL("../images/hero.webp", import.meta.url).href;
const SIDE = 512;

export function Example() {
  const video = useRef<HTMLVideoElement>(null);
  const [playing, setPlaying] = useState(false);
  const clip = useClip();
  const start = () => void video.current?.play().catch(() => {});
  const toggle = () => (playing ? video.current?.pause() : start());
  return (
    <figure class="example">
      <div class="pictures">
        <video
          ref={video}
          src={clip}
          poster={STILL}
          width={SIDE}
          height={SIDE}
          muted
          loop
          playsInline
          aria-label={t("hero_alt")}
          onLoadedData={() => stillWanted() || start()}
          onPlay={() => setPlaying(true)}
          onPause={() => setPlaying(false)}
        />
        <div class="inset">
          <img src={STILL} alt="" width={SIDE} height={SIDE} />
          <span>{t("the_photo")}</span>
        </div>
        <button class="round" type="button" aria-label={t(playing ? "hero_pause" : "hero_play")} onClick={toggle}>
          <Icon name={playing ? "pause" : "play"} />
        </button>
      </div>
      <figcaption class="soft">{t("hero_caption")}</figcaption>
    </figure>
  );
}

/** Fetched whole, so that no browser asks for parts of it. */
function useClip(): string | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    let made: string | undefined;
    const leaving = new AbortController();
    fetch(CLIP, { signal: leaving.signal })
      .then((reply) => reply.blob())
      .then((file) => {
        made = URL.createObjectURL(file);
        setUrl(made);
      })
      // the picture of it stays
      .catch(() => {});
    return () => {
      leaving.abort();
      if (made) URL.revokeObjectURL(made);
    };
  }, []);
  return url;
}
