/** Has the faces of a picture or a video go through the steps of a command. */
import { open } from "node:fs/promises";
import { extname } from "node:path";
import { resultTypeOf } from "@smileloop/core/faces/result-type.ts";
import { sniffType } from "@smileloop/core/media/sniff.ts";
import { endingOf, mediaClassOf } from "@smileloop/core/media/types.ts";
import { FACE_COMMANDS, type FaceArgs, type FaceCommandName } from "./face-args.ts";
import { runLocalJob } from "./local-job.ts";
import { UsageError } from "./usage-error.ts";

const FIRST_BYTES = 4100;
const HELP = {
  target: "Give a picture, or a video as a file: MP4, MOV, MKV, WebM or AVI.",
  source: "Give a picture of the face.",
};

/** Resolves with the exit code. Throws UsageError. */
export async function processFaces({
  command,
  target,
  sources,
  output,
  poster,
  params,
  ...args
}: FaceArgs): Promise<number> {
  const isVideo = await showsVideo(target);
  if (!isVideo && poster !== null)
    throw new UsageError("--poster is a still of a video, and this is a picture.", command);
  const { suffix } = FACE_COMMANDS[command];
  return runLocalJob({
    ...args,
    command,
    kind: isVideo ? "process_video" : "process_image",
    params,
    inputs: { target, source: sources },
    options: { subject: "consent" },
    help: HELP,
    targets: ({ files }) => {
      const { type, title } = files.target!;
      const ending = isVideo ? "mp4" : endingOf(resultTypeOf(type));
      const path = output ?? `${title}-${suffix}.${ending}`;
      requireEnding(command, path, ending);
      return isVideo ? { video: path, poster } : { image: path };
    },
    told: ({ outputs }) => {
      const { width, height, frames, fps, duration, bytes, audio } = (outputs.video ?? outputs.image)!;
      return {
        json: isVideo
          ? { poster, video: { width, height, frames, fps, duration, bytes, audio } }
          : { width, height, bytes },
        lines: [],
      };
    },
  });
}

/** What cannot be looked at yet is taken for a picture; the job will say what it is. */
async function showsVideo(path: string): Promise<boolean> {
  const file = await open(path).catch(() => null);
  if (file === null) return false;
  try {
    if (!(await file.stat()).isFile()) return false;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(FIRST_BYTES), 0, FIRST_BYTES, 0);
    return mediaClassOf((await sniffType(buffer.subarray(0, bytesRead))) ?? "") === "video";
  } finally {
    await file.close();
  }
}

/** A name that promises another format than the one that is written would mislead the one who opens it. */
function requireEnding(command: FaceCommandName, path: string, ending: string): void {
  const given = extname(path).slice(1).toLowerCase();
  if (given === "" || given === ending || (given === "jpeg" && ending === "jpg")) return;
  throw new UsageError(
    `--output "${path}": the result of this file is a .${ending}, so its name has to end so.`,
    command,
  );
}
