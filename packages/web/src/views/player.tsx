/** The video in a loop. Its first frame is the photo as it was, in the same place. */
import type { Output } from "@smileloop/sdk/index.ts";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../texts.ts";
import { Icon } from "./icons.tsx";
import { stillWanted } from "./still-wanted.ts";

type PlayerProps = { file: Blob | null; output: Output | undefined; poster: string | undefined; sounds: boolean };

export function Player({ file, output, poster, sounds }: PlayerProps) {
  const video = useRef<HTMLVideoElement>(null);
  const [url, setUrl] = useState<string>();
  const [before, setBefore] = useState(false);
  const [playing, setPlaying] = useState(false);
  useEffect(() => {
    if (!file) return;
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  const play = () => void video.current?.play().catch(() => {});
  const loaded = () => {
    if (!stillWanted()) play();
  };
  const showBefore = () => {
    const element = video.current;
    if (!element) return;
    if (before) play();
    else {
      element.pause();
      element.currentTime = 0;
    }
    setBefore(!before);
  };
  const toggle = () => {
    if (playing) video.current?.pause();
    else play();
    setBefore(false);
  };
  return (
    <div class="player">
      <div class="stage">
        <video
          ref={video}
          src={url}
          poster={poster}
          width={output?.width}
          height={output?.height}
          loop
          muted={!sounds}
          controls={sounds}
          playsInline
          aria-label={t("result_alt")}
          onLoadedData={loaded}
          onPlay={() => setPlaying(true)}
          onPause={() => setPlaying(false)}
        />
      </div>
      <div class="actions">
        <button class="button plain" type="button" onClick={toggle} disabled={!url}>
          <Icon name={playing ? "pause" : "play"} /> {t(playing ? "pause" : "play")}
        </button>
        <button class="button plain" type="button" aria-pressed={before} onClick={showBefore} disabled={!url}>
          <Icon name="photo" /> {t("before")}
        </button>
      </div>
    </div>
  );
}
