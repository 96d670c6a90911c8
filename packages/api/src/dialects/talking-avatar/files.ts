/**
 * The files of this dialect. An upload's name is its id and the ending of its type, a result's name is its job's id and the ending of the
 * video's type: names that clients send are taken apart, and never used as they stand.
 */
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import { isId } from "@smileloop/core/job/ids.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { PICTURE_SLOT } from "@smileloop/core/kinds/index.ts";
import type { Slot } from "@smileloop/core/kinds/inputs.ts";
import { endingOf, mediaClassOf, typesOfClasses } from "@smileloop/core/media/types.ts";
import { clip } from "@smileloop/core/text.ts";
import type { ApiDeps } from "../../deps.ts";
import { emptyForm, readMultipart } from "../../http/multipart.ts";
import type { RequestBody } from "../../http/request-body.ts";
import { checkUpload, dropUpload, type StoredUpload, storeUpload } from "../../intake/check.ts";
import { findJob, hasExpired } from "../../job-lookup.ts";
import { naming } from "../../submit.ts";

/** The kind of the jobs that this dialect makes and shows. */
export const KIND = "talk";

/** One of the two files of a video. `slot`: of the kind; `field`: of a request that names it. */
export type Part = { slot: "image" | "audio"; title: string; field: string; refusal: string; limits: Slot };

const MIB = 1024 * 1024;
export const PARTS = {
  image: {
    slot: "image",
    title: "Image",
    field: "image_filename",
    refusal: "Invalid file type. Allowed: image/png, image/jpeg, image/jpg",
    limits: { ...PICTURE_SLOT, types: ["image/png", "image/jpeg"], maxBytes: 20 * MIB },
  },
  audio: {
    slot: "audio",
    title: "Audio",
    field: "audio_filename",
    refusal: "Invalid file type. Allowed: WAV, MP3",
    limits: {
      noun: "audio",
      media: ["audio"],
      types: ["audio/wav", "audio/mpeg"],
      maxBytes: 50 * MIB,
      files: { min: 1, max: 1 },
    },
  },
} as const satisfies Record<string, Part>;

type Named = { id: string; ending: string };

/**
 * Stores the part `file` of a form as an upload and returns its name. Throws what `readMultipart` throws, `malformed` for another type
 * of file, and what else its header tells; then nothing of it is left.
 */
export async function receiveFile(
  deps: ApiDeps,
  owner: string,
  { body, contentType }: { body: RequestBody; contentType: string | null },
  part: Part,
): Promise<string> {
  const { maxBytes } = part.limits;
  const form = emptyForm<StoredUpload>();
  const spec = {
    fields: {},
    files: { file: { maxBytes } },
    onFile: (_name: string, content: AsyncIterable<Uint8Array>) => storeUpload(deps, owner, content, { maxBytes }),
  };
  try {
    await readMultipart(body, contentType, spec, form);
    const upload = form.files.get("file");
    const missing = upload ? [] : [{ loc: ["body", "file"], msg: "Field required", type: "missing" }];
    const errors = [...missing, ...form.faults];
    if (!upload || errors.length > 0) throw new AppError("invalid_request", "The form is not valid.", { errors });
    const { type } = await checkPart(deps, owner, upload.id, { part, loc: ["body", "file"] });
    return `${upload.id}.${endingOf(type)}`;
  } catch (error) {
    for (const { id } of form.files.values()) await dropUpload(deps, owner, id);
    throw error;
  }
}

/** The id of the upload with this name. Throws `not_found` as clients know it, and what its header tells. */
export async function findUpload(deps: ApiDeps, owner: string, name: string, part: Part): Promise<string> {
  const missing = () => new AppError("not_found", `${part.title} file not found: ${clip(name, 200)}`);
  const named = parseName(name);
  if (!named) throw missing();
  const loc = ["body", part.field];
  const { type } = await checkPart(deps, owner, named.id, { part, loc }).catch((error: unknown) => {
    throw hasCode(error, "not_found", "gone") ? missing() : error;
  });
  if (endingOf(type) !== named.ending) throw missing();
  return named.id;
}

/** The finished job whose video has this name. Throws `not_found`. */
export async function findVideo(deps: ApiDeps, owner: string, name: string): Promise<JobRecord> {
  const missing = () => new AppError("not_found", "Video not found");
  const named = parseName(name);
  if (!named) throw missing();
  const record = await findTalk(deps, owner, named.id).catch((error: unknown) => {
    throw hasCode(error, "not_found") ? missing() : error;
  });
  if (hasExpired(record, deps.clock.now()) || videoName(record) !== name) throw missing();
  return record;
}

/** A job of the dialect's kind. Throws `not_found` as clients know it, also for jobs that were deleted. */
export async function findTalk(deps: ApiDeps, owner: string, id: string): Promise<JobRecord> {
  const missing = () => new AppError("not_found", "Job not found");
  const record = await findJob(deps, owner, id).catch((error: unknown) => {
    throw hasCode(error, "not_found", "gone") ? missing() : error;
  });
  if (record.kind !== KIND) throw missing();
  return record;
}

/** The name of a job's video; null while it has none. */
export function videoName({ id, state, outputs }: JobRecord): string | null {
  return state === "succeeded" && outputs.video ? `${id}.${endingOf(outputs.video.type)}` : null;
}

/** The part whose uploads have names like this; null for names of videos and for what is not a name. */
export function partOfName(name: string): Part | null {
  const named = parseName(name);
  if (!named) return null;
  const { ending } = named;
  const type = typesOfClasses(["image", "audio"]).find((each) => endingOf(each) === ending);
  return type === undefined ? null : mediaClassOf(type) === "image" ? PARTS.image : PARTS.audio;
}

function parseName(name: string): Named | null {
  const [, id = "", ending = ""] = /^([0-9a-f]{32})\.([a-z0-9]{2,5})$/.exec(name) ?? [];
  return isId(id) ? { id, ending } : null;
}

/** Checks by content and header; limits of the kind count, too, such as the longest sound. */
async function checkPart(deps: ApiDeps, owner: string, id: string, { part, loc }: { part: Part; loc: string[] }) {
  const slot = { ...deps.kinds.get(KIND)?.slots[part.slot], ...part.limits };
  return naming(loc, checkUpload(deps, owner, id, slot)).catch((error: unknown) => {
    if (!hasCode(error, "unsupported_type")) throw error;
    throw new AppError("malformed", part.refusal, { cause: error });
  });
}
