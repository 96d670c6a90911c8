/** The video as a file, in the formats that the server makes, as a link, and for other apps. */
import type { Job } from "@smileloop/sdk/index.ts";
import { useEffect, useState } from "preact/hooks";
import { useKinds } from "../catalog.ts";
import { fileOf, hasVideo } from "../jobs.ts";
import { sayError, smileloop } from "../server.ts";
import { span, t } from "../texts.ts";
import { Icon } from "./icons.tsx";
import { notice } from "./notice.tsx";

type DownloadsProps = { job: Job; file: Blob | null };

/** What is offered beside the MP4, and as it is written. */
const FORMATS: Record<string, string> = { gif: "GIF", webp: "WebP" };
/** How long links live at most, seconds. */
const LINK_SECONDS = 15 * 60;
/** What a GIF may have a side. */
const GIF_SIDE = 512;

export function Downloads({ job, file }: DownloadsProps) {
  const [making, setMaking] = useState<string | null>(null);
  const known = useFormats(job);
  // another format is another job, which would have to be paid, too
  const formats = job.charge ? [] : known;
  const isPreview = !hasVideo(job);
  const name = fileName(job);
  const save = async (format: string) => {
    setMaking(format);
    try {
      saveAs(await fileOf(inFormat(job, format), AbortSignal.timeout(10 * 60_000)), `${name}.${format}`);
    } catch (error) {
      notice(sayError(error));
    }
    setMaking(null);
  };
  return (
    <div class="downloads">
      <button
        class={isPreview ? "button plain" : "button"}
        type="button"
        disabled={!file}
        onClick={() => file && saveAs(file, `${name}.mp4`)}
      >
        <Icon name="download" /> {t(isPreview ? "download_preview" : "download_as", { format: "MP4" })}
      </button>
      {formats.map((format) => (
        <button
          key={format}
          class="button plain"
          type="button"
          disabled={making !== null}
          aria-label={t("download_as", { format: FORMATS[format]! })}
          onClick={() => save(format)}
        >
          {making === format ? t("making_format", { format: FORMATS[format]! }) : FORMATS[format]}
        </button>
      ))}
      <CopyLink job={job} />
      <Share file={file} name={`${name}.mp4`} />
    </div>
  );
}

/** The other formats of this kind that have no sound to lose. */
function useFormats(job: Job): string[] {
  const kind = useKinds()?.get(job.kind);
  const properties = (kind?.params as { properties?: Record<string, { enum?: string[] }> } | undefined)?.properties;
  return (properties?.format?.enum ?? []).filter((format) => Object.hasOwn(FORMATS, format));
}

function inFormat({ id, kind, params }: Job, format: string) {
  const tooLarge = format === "gif" && typeof params.size === "number" && params.size > GIF_SIDE;
  const size = tooLarge ? { size: GIF_SIDE } : {};
  return { kind, inputs: { image: { job: id, input: "image" } }, params: { ...params, ...size, format } };
}

function CopyLink({ job }: { job: Job }) {
  const copy = async () => {
    try {
      const now = await smileloop.jobs.get(job.id);
      const { outputs, expires_at } = now;
      await navigator.clipboard.writeText(outputs[hasVideo(now) ? "video" : "preview"]!.url);
      const left = (Date.parse(expires_at ?? "") - Date.now()) / 1000;
      notice(t("link_copied", { time: span(Math.min(LINK_SECONDS, left)) }));
    } catch {
      notice(t("link_failed"));
    }
  };
  return (
    <button class="button plain" type="button" onClick={copy}>
      <Icon name="link" /> {t("copy_link")}
    </button>
  );
}

function Share({ file, name }: { file: Blob | null; name: string }) {
  const [data, setData] = useState<ShareData | null>(null);
  useEffect(() => {
    if (!file) return;
    const offered = { files: [new File([file], name, { type: file.type || "video/mp4" })] };
    setData(navigator.canShare?.(offered) ? offered : null);
  }, [file]);
  if (!data) return null;
  return (
    <button class="button plain" type="button" onClick={() => void navigator.share(data).catch(() => {})}>
      <Icon name="share" /> {t("share")}
    </button>
  );
}

/** Without its ending. */
export function fileName(job: Job): string {
  const { id, params } = job;
  const what = typeof params.preset === "string" ? params.preset : "talk";
  return `smileloop-${what}-${id.slice(0, 8)}${hasVideo(job) ? "" : "-preview"}`;
}

export function saveAs(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
