/**
 * Work on somebody's face is done only with pictures and videos that were looked at: all that the job takes before anything else is done, and
 * what was made before it is stored. The process that checks results looks at them, whatever engine does the work.
 */
import { MAX_REVIEWED, type ReviewRequest, reviewResultSchema } from "@smileloop/core/engine/review-service.ts";
import { AppError, blaming } from "@smileloop/core/errors.ts";
import type { Slot } from "@smileloop/core/kinds/inputs.ts";
import type { Log } from "@smileloop/core/log.ts";
import { mediaClassOf } from "@smileloop/core/media/types.ts";
import type { Safeguards } from "@smileloop/core/safeguards.ts";
import { fileOf, type JobIo, type LocalFile } from "./job-io.ts";
import { sha256Of } from "./store-output.ts";

type ReviewOptions = {
  /** The kind's; files of others are not asked for. */
  slots: Readonly<Record<string, Slot>>;
  allowed: Safeguards["allowed"];
  log: Log;
};

type Visible = Pick<LocalFile, "path" | "type">;

/** Read beyond the longest video that a slot takes: whether one is too long is for others to say. */
const SLACK_SECONDS = 1;
const APPEAL = "If this is a mistake, the operator of this server can allow the file.";

/** `io` with the inputs that were looked at, and a `store` that looks; nothing that shows anything is stored as it comes. Throws `content_refused`, and what reading the files throws. */
export async function reviewedIo(io: JobIo, { slots, allowed, log }: ReviewOptions): Promise<JobIo> {
  const inputs = new Map<string, LocalFile[]>();
  let excused = false;
  const look = async (files: Visible[], where: object, seconds?: number): Promise<Visible | null> => {
    const seen = files.filter(isVisible);
    for (let from = 0; from < seen.length; from += MAX_REVIEWED) {
      const some = seen.slice(from, from + MAX_REVIEWED);
      const request: Omit<ReviewRequest, "run"> = {
        type: "review",
        inputs: { files: some.map(fileOf) },
        ...(seconds === undefined ? {} : { limits: { seconds } }),
      };
      const options = { ...io.options(), onProgress: undefined, result: reviewResultSchema };
      const { refused } = await io.checker.request(request, options);
      if (!refused) continue;
      log.warn({ ...where, class: refused.class }, "content refused");
      return some[refused.file] ?? some[0]!;
    }
    return null;
  };
  const lookAtInput = async (slot: string, { maxSeconds }: Slot): Promise<void> => {
    const files = await io.timed("download", () => io.input(slot));
    inputs.set(slot, files);
    const judged: LocalFile[] = [];
    for (const file of files) {
      if (allowed.size > 0 && allowed.has(await sha256Of(file.path, io.signal))) excused = true;
      else judged.push(file);
    }
    const seconds = maxSeconds === undefined ? undefined : maxSeconds + SLACK_SECONDS;
    const refused = await io.timed("review", () => blaming(slot, look(judged, { input: slot }, seconds)));
    if (!refused) return;
    const what = mediaClassOf(refused.type) === "video" ? "video" : "picture";
    throw new AppError("content_refused", `The content check refuses this ${what}. ${APPEAL}`, { input: slot });
  };
  for (const [slot, definition] of Object.entries(slots)) await lookAtInput(slot, definition);
  return {
    ...io,
    input: async (slot) => inputs.get(slot) ?? [],
    store: async (name, path, facts) => {
      // what an allowed file shows is in the result, too
      const refused = excused ? null : await look([{ path, type: facts.type }], { output: name });
      if (refused) throw new AppError("content_refused", "The content check refuses what was made of these files.");
      return io.store(name, path, facts);
    },
    storeStream: async (name, body, facts) => {
      if (isVisible(facts)) throw new AppError("internal", `The output '${name}' is not a file that can be looked at.`);
      return io.storeStream(name, body, facts);
    },
  };
}

function isVisible({ type }: { type: string }): boolean {
  return ["image", "video"].includes(mediaClassOf(type) ?? "");
}
