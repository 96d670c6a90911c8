/** `POST /v2/generate`: a request, in JSON or as a form with files, becomes a job. */
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import { type Created, replayedJob, sha256Hex } from "@smileloop/core/jobs/jobs.ts";
import { canonicalJson, parseJson, readJson } from "../../http/json-body.ts";
import { emptyForm, type Form, readMultipart } from "../../http/multipart.ts";
import type { RequestBody } from "../../http/request-body.ts";
import { dropUpload, type StoredUpload, storeUpload } from "../../intake/check.ts";
import { type InputSource, submit } from "../../submit.ts";
import type { DialectDeps } from "../dialect.ts";
import { labelParams } from "../label.ts";
import { KIND } from "../lipsync-jobs.ts";
import { keptUrl, sourceOfUrl } from "../url-inputs.ts";
import { type Asked, checkAsked, notValid, type Slot } from "./request.ts";

/** `base`: what links of this server start with for the client. */
type Caller = { owner: string; dialect: string; base: string; headers: Headers };

const MULTIPART = /^\s*multipart\/form-data\s*(;|$)/i;
const PART = { maxBytes: 64 * 1024 };
/** Parts that are JSON; those that are not read are known, so that their error says why. */
const JSON_PARTS = ["options", "segments", "dubParams", "dialogueEdit"];
const TEXT_PARTS = ["model", "outputFileName", "webhookUrl", "projectId", "label"];
const FIELDS = {
  ...Object.fromEntries([...JSON_PARTS, ...TEXT_PARTS].map((name) => [name, PART])),
  input: { ...PART, most: 10 },
};
const IDEMPOTENCY_KEY = /^[A-Za-z0-9._~-]{1,128}$/;

/** Throws what `checkAsked` and `submit` throw, with the names of this API. After a refusal nothing of the request is left. */
export async function createGeneration(deps: DialectDeps, body: RequestBody, caller: Caller): Promise<Created> {
  if (!deps.kinds.has(KIND)) throw noEngine();
  const form = emptyForm<StoredUpload>();
  try {
    const value = await read(deps, body, caller, form);
    const idempotency = idempotencyOf(caller, value, form);
    const earlier = idempotency ? await replayedJob(deps, caller.owner, idempotency) : null;
    if (earlier) return { record: earlier, replayed: true };
    const asked = checkAsked(value, new Set(form.files.keys()) as ReadonlySet<Slot>);
    return await start(deps, asked, { caller, form, idempotency });
  } finally {
    // the job has its own copies
    for (const { id } of form.files.values()) await dropUpload(deps, caller.owner, id);
  }
}

async function read(
  deps: DialectDeps,
  body: RequestBody,
  { owner, headers }: Caller,
  form: Form<StoredUpload>,
): Promise<unknown> {
  const contentType = headers.get("content-type") ?? "";
  if (!MULTIPART.test(contentType)) return readJson(body);
  const { video, audio } = deps.kinds.get(KIND)!.slots as Record<Slot, { maxBytes: number }>;
  const files: Record<string, { maxBytes: number }> = { video, audio };
  const onFile = (name: string, content: AsyncIterable<Uint8Array>) =>
    storeUpload(deps, owner, content, { maxBytes: files[name]!.maxBytes });
  await readMultipart(body, contentType, { fields: FIELDS, files, onFile }, form);
  if (form.faults.length > 0) throw notValid(form.faults.map((fault) => ({ ...fault, loc: fault.loc.slice(1) })));
  const inputs = (form.lists.get("input") ?? []).flatMap((text) => jsonPart("input", text));
  const fields = [...form.fields].map(([name, text]) => [
    name,
    JSON_PARTS.includes(name) ? jsonPart(name, text) : text,
  ]);
  return { ...Object.fromEntries(fields), input: inputs };
}

function jsonPart(name: string, text: string): unknown {
  try {
    return parseJson(Buffer.from(text));
  } catch (error) {
    if (!hasCode(error, "malformed")) throw error;
    throw notValid([{ loc: [name], msg: "is not valid JSON", type: "json_invalid" }]);
  }
}

type Idempotency = { keySha256: string; bodySha256: string };

function idempotencyOf(
  { dialect, headers }: Caller,
  value: unknown,
  { files }: Form<StoredUpload>,
): Idempotency | undefined {
  const key = headers.get("idempotency-key");
  if (key === null) return undefined;
  if (!IDEMPOTENCY_KEY.test(key)) {
    throw new AppError("malformed", "Idempotency-Key: must be 1 to 128 of A-Z a-z 0-9 . _ ~ -");
  }
  const sent = [...files].map(([name, { sha256 }]) => [name, sha256]);
  const whole = canonicalJson([value, Object.fromEntries(sent)]);
  return { keySha256: sha256Hex(`${dialect}:${key}`), bodySha256: sha256Hex(whole) };
}

type Started = { caller: Caller; form: Form<StoredUpload>; idempotency: Idempotency | undefined };

async function start(deps: DialectDeps, asked: Asked, { caller, form, idempotency }: Started): Promise<Created> {
  const { owner, dialect, base } = caller;
  const { video, audio, model, options, outputFileName, at } = asked;
  const { sync_mode, temperature } = options;
  const sourceOf = async (slot: Slot, url: string | null): Promise<InputSource> =>
    url === null ? { upload: form.files.get(slot)!.id, source: "form" } : sourceOfUrl(deps, url, base);
  const said = typeof audio === "object" && audio !== null ? audio : null;
  const heard = said ? null : (audio as string | null);
  try {
    if (said) requireVoice(deps, said.voice, at.audio);
    const sources = {
      video: [await naming(at.video, sourceOf("video", video))],
      ...(said ? {} : { audio: [await naming(at.audio, sourceOf("audio", heard))] }),
    };
    return await submit(deps, {
      ...{ owner, kind: KIND, inputs: sources, dialect },
      params: {
        sync_mode,
        ...(temperature === undefined ? {} : { intensity: 0.5 + temperature }),
        ...labelParams(asked),
        ...said,
      },
      metadata: {
        model,
        ...(video === null ? {} : { video_url: keptUrl(video) }),
        ...(heard === null ? {} : { audio_url: keptUrl(heard) }),
        ...(temperature === undefined ? {} : { temperature: String(temperature) }),
        ...(outputFileName === undefined ? {} : { output_filename: outputFileName }),
      },
      ...(idempotency ? { idempotency } : {}),
    });
  } catch (error) {
    throw hasCode(error, "engine_not_configured") ? noEngine() : inTheirNames(error, at);
  }
}

async function naming<T>(loc: (string | number)[], work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    if (!(error instanceof AppError) || error.status >= 500) throw error;
    throw new AppError(error.code, error.message, {
      cause: error,
      errors: [{ loc, msg: error.message, type: error.code }],
    });
  });
}

function requireVoice({ voices }: DialectDeps, asked: string, at: (string | number)[]): void {
  if (voices.some(({ name }) => name === asked)) return;
  const names = voices.filter(({ available }) => available).map(({ name }) => name);
  const few = names.slice(0, 10).join(", ");
  const msg = `there is no voice '${asked}' here; GET /v1/voices lists them, such as ${few}`;
  throw notValid([{ loc: [...at.slice(0, -1), "voiceId"], msg, type: "invalid_value" }]);
}

/** Faults of the job's inputs and text, where they stand in the request. What an address of this server lacks is the request's fault. */
function inTheirNames(error: unknown, at: Asked["at"]): unknown {
  if (!(error instanceof AppError) || error.errors === undefined) return error;
  const errors = error.errors.map((fault) => {
    const [root, place, slot] = fault.loc;
    if (root !== "body") return fault;
    const isSaid = place === "params" && slot === "text";
    const loc = isSaid
      ? at.audio
      : place === "inputs" && (slot === "video" || slot === "audio")
        ? at[slot]
        : [slot ?? ""];
    return { ...fault, loc };
  });
  const code = error.status === 404 || error.status === 409 ? "invalid_request" : error.code;
  return new AppError(code, error.message, { cause: error, errors });
}

function noEngine(): AppError {
  return new AppError("engine_not_configured", "There is no engine here that makes lips follow a sound.");
}
