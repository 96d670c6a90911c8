/** `POST /v1/verify`: whether a file comes from this installation, by the marks that it carries. */
import { createRoute, z } from "@hono/zod-openapi";
import { isAnonymous } from "@smileloop/core/api-keys.ts";
import { eachAtOnce } from "@smileloop/core/concurrent.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { childId } from "@smileloop/core/job/ids.ts";
import { uploadKey } from "@smileloop/core/job/keys.ts";
import { isPlan, type JobRecord } from "@smileloop/core/job/record.ts";
import { readHead } from "@smileloop/core/jobs/check-file.ts";
import { sniffType } from "@smileloop/core/media/sniff.ts";
import { mediaClassOf } from "@smileloop/core/media/types.ts";
import { type FoundMarks, madeByUs } from "@smileloop/core/verifier.ts";
import { type Verification, verificationSchema } from "@smileloop/core/wire/verification.ts";
import type { ApiDeps } from "../deps.ts";
import { dropAll } from "../dialects/form-uploads.ts";
import { readJson } from "../http/json-body.ts";
import { emptyForm, readMultipart } from "../http/multipart.ts";
import { openBody, type RequestBody } from "../http/request-body.ts";
import { idSchema } from "../ids.ts";
import { requireYoung, type StoredUpload, storeUpload } from "../intake/check.ts";
import { hasExpired } from "../job-lookup.ts";
import { ownerOf } from "../owner.ts";
import { type Api, type ApiContext, answerError, invalidRequest, newApi, problemReplies } from "../problem.ts";

/** Of a file that is sent as the body; uploads may be larger. */
const MAX_BODY_BYTES = 50 * 1000 * 1000;
const MAX_UPLOAD_BYTES = 500 * 1024 * 1024;
/** Jobs of the caller, the newest first, among which the one that made the file is looked for. */
const JOBS_LOOKED_AT = 200;
const PAGE = 100;
/** Parts of these jobs, such as the files of a batch, that are looked at besides. */
const CHILDREN_LOOKED_AT = 1000;

const requestSchema = z.strictObject({ upload: idSchema }).openapi("VerifyRequest");

const verifyRoute = createRoute({
  method: "post",
  path: "/v1/verify",
  tags: ["Catalog"],
  summary: "Verify where a file comes from",
  description:
    "Looks for the marks that results of this installation carry: a signature (C2PA) and an invisible mark. Send `upload`, or the file itself: " +
    "as the body with its own Content-Type, or as the part `file` of a form; at most 50 MB so. That neither mark is found does not mean that no machine has made it.",
  request: {
    body: {
      content: {
        "application/json": { schema: requestSchema },
        "application/octet-stream": { schema: z.any().openapi({ type: "string", format: "binary" }) },
      },
    },
  },
  responses: {
    200: {
      description: "What the file carries",
      content: { "application/json": { schema: z.object(verificationSchema.shape).openapi("Verification") } },
    },
    ...problemReplies(
      ...(["malformed", "empty_file", "not_found", "gone", "precondition_failed", "too_large"] as const),
      ...(["unsupported_type", "invalid_request", "too_many_requests", "unavailable"] as const),
      "engine_not_configured",
    ),
  },
});

export function verifyRoutes(deps: ApiDeps): Api {
  const api = newApi();
  // its body is JSON, or the file itself, which no validator is to read
  api.openAPIRegistry.registerPath(verifyRoute);
  api.post(verifyRoute.path, async (c) => {
    const body = openBody(c.req.raw, c.env);
    try {
      return c.json(await answer(deps, c, body), 200);
    } catch (error) {
      return body.answer(await answerError(deps)(error as Error, c));
    }
  });
  return api;
}

async function answer(deps: ApiDeps, c: ApiContext, body: RequestBody): Promise<Verification> {
  const owner = ownerOf(c);
  const { signal } = c.req.raw;
  const query = z.strictObject({}).safeParse(c.req.query());
  if (!query.success) throw invalidRequest(query.error, "query");
  if (!deps.verifier) throw new AppError("engine_not_configured", "Nothing here can verify files.");
  if (isJson(c)) {
    const asked = requestSchema.safeParse(await readJson(body));
    if (!asked.success) throw invalidRequest(asked.error, "json");
    requireYoung(deps, asked.data.upload);
    return verify(deps, owner, uploadKey(owner, asked.data.upload), signal);
  }
  const form = emptyForm<StoredUpload>();
  try {
    const { key } = await received(deps, c, body, form);
    return await verify(deps, owner, key, signal);
  } finally {
    await dropAll(deps, owner, form);
  }
}

function isJson(c: ApiContext): boolean {
  return /^\s*application\/json\s*(;|$)/i.test(c.req.header("content-type") ?? "");
}

/** Stores the file of a request; it is among those of `form`, for the caller to drop. Throws `empty_file`, `invalid_request`, `too_large`. */
async function received(
  deps: ApiDeps,
  c: ApiContext,
  body: RequestBody,
  form: ReturnType<typeof emptyForm<StoredUpload>>,
): Promise<StoredUpload> {
  const type = c.req.header("content-type") ?? null;
  const store = (content: AsyncIterable<Uint8Array>) =>
    storeUpload(deps, ownerOf(c), content, { maxBytes: MAX_BODY_BYTES });
  if (/^\s*multipart\//i.test(type ?? "")) {
    const spec = {
      fields: {},
      files: { file: { maxBytes: MAX_BODY_BYTES } },
      onFile: (_: string, file: AsyncIterable<Uint8Array>) => store(file),
    };
    await readMultipart(body, type, spec, form);
    const [fault] = form.faults;
    if (fault) throw new AppError("invalid_request", `${fault.loc.at(-1)}: ${fault.msg}`, { errors: form.faults });
  } else form.files.set("file", await store(chunksOf(body)));
  const file = form.files.get("file");
  if (file) return file;
  const errors = [{ loc: ["body", "file"], msg: "Field required", type: "missing" }];
  throw new AppError("invalid_request", "Send the file as the part `file`, as the body, or `upload` in JSON.", {
    errors,
  });
}

async function* chunksOf(body: RequestBody): AsyncGenerator<Uint8Array> {
  for (let chunk = await body.read(); chunk; chunk = await body.read()) yield chunk;
}

/** Throws `not_found`, `empty_file`, `too_large`, `unsupported_type`, and what the verifier throws. */
async function verify(deps: ApiDeps, owner: string, key: string, signal: AbortSignal): Promise<Verification> {
  const { part, bytes, etag } = await readHead(deps.files, key);
  if (bytes === 0) throw new AppError("empty_file", "The file is empty.");
  if (bytes > MAX_UPLOAD_BYTES) {
    throw new AppError("too_large", `At most ${MAX_UPLOAD_BYTES} bytes are verified; this file has ${bytes}.`);
  }
  const type = await sniffType(part);
  if (type === null || !["image", "video", "audio"].includes(mediaClassOf(type) ?? "")) {
    throw new AppError("unsupported_type", "This is not a picture, a video or a sound that could carry a mark.");
  }
  const found = await deps.verifier!.verify({ key, etag, type, bytes }, { owner, signal });
  return { type, bytes, ...(await viewOf(deps, owner, found)) };
}

async function viewOf(deps: ApiDeps, owner: string, found: FoundMarks) {
  const { signature, watermark } = found;
  const nobody = isAnonymous(owner);
  const job = nobody ? undefined : await jobOf(deps, owner, found);
  return {
    signature,
    watermark: watermark && nobody ? { found: watermark.found } : watermark,
    made_by_us: madeByUs(found),
    ...(job === undefined ? {} : { job }),
  };
}

/** The caller's job that has an output with these marks; undefined where none of the newest has. */
async function jobOf(deps: ApiDeps, owner: string, { instance, watermark }: FoundMarks): Promise<string | undefined> {
  if (instance === null && watermark?.payload === undefined) return undefined;
  const now = deps.clock.now();
  const hasMark = ({ outputs }: JobRecord) =>
    Object.values(outputs).some(({ mark }) =>
      instance !== null ? mark?.c2pa?.instance === instance : mark?.watermark?.payload === watermark?.payload,
    );
  const left = { children: CHILDREN_LOOKED_AT };
  const isIt = async (record: JobRecord) =>
    !hasExpired(record, now) && (hasMark(record) || (await hasChild(deps, record, hasMark, left)));
  let cursor: string | undefined;
  for (let seen = 0; seen < JOBS_LOOKED_AT; seen += PAGE) {
    const page = await deps.records.list(owner, { limit: PAGE, cursor });
    for (const record of page.records) if (await isIt(record)) return record.id;
    if (page.cursor === null) return undefined;
    cursor = page.cursor;
  }
  return undefined;
}

/** Whether a part of the job is the one; `left`: how many parts may still be looked at. */
async function hasChild(
  { records }: ApiDeps,
  root: JobRecord,
  isIt: (child: JobRecord) => boolean,
  left: { children: number },
): Promise<boolean> {
  const { owner, id } = root;
  if (!isPlan(root) || left.children <= 0) return false;
  const numbers = (await records.children(owner, id)).slice(0, left.children);
  left.children -= numbers.length;
  let isFound = false;
  await eachAtOnce(
    numbers,
    () => isFound,
    async (index) => {
      const child = await records.get(owner, childId(id, index)).catch(() => null);
      if (child && isIt(child.record)) isFound = true;
    },
  );
  return isFound;
}
