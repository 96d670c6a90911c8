/** From the form of a takedown to its ticket. What it answers never depends on whether there is such a job. */
import { createHash } from "node:crypto";
import type { Prints } from "@smileloop/core/blocked/prints.ts";
import { AppError, type FieldError, hasCode } from "@smileloop/core/errors.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { checkFile } from "@smileloop/core/jobs/check-file.ts";
import { PICTURE_SLOT } from "@smileloop/core/kinds/index.ts";
import { addTicket, jobOfLink, TAKEDOWN_KINDS, type Ticket } from "@smileloop/core/takedowns/takedowns.ts";
import type { ApiDeps } from "../deps.ts";
import { emptyForm, readMultipart } from "../http/multipart.ts";
import type { RequestBody } from "../http/request-body.ts";

const MAX_FILE_BYTES = 50 * 1024 * 1024;
/** Pictures of a job that are looked at. */
const MAX_PICTURES = 4;
/** A busy inspector says to come back in a second, or five. */
const PRINT_TRIES = 6;
const FIELDS = {
  kind: { maxBytes: 20 },
  link: { maxBytes: 2000 },
  name: { maxBytes: 600 },
  contact: { maxBytes: 600 },
  statement: { maxBytes: 5000 },
  good_faith: { maxBytes: 10 },
  lang: { maxBytes: 10 },
};

type Received = { ticket: Ticket; lang: string | undefined };

/** Throws `invalid_request` with every fault, by the name of its field, and what `readMultipart` throws. */
export async function fileTakedown(
  deps: ApiDeps,
  body: RequestBody,
  contentType: string | null,
  signal: AbortSignal,
): Promise<Received> {
  const { files, clock, audit } = deps;
  // a name that is swept like any upload, should this process end before it takes it away
  const key = `uploads/${newId(clock.now())}.takedown`;
  const form = emptyForm<string | null>();
  const spec = {
    fields: FIELDS,
    files: { file: { maxBytes: MAX_FILE_BYTES } },
    onFile: (_: string, content: AsyncIterable<Uint8Array>) => stored(deps, key, content, signal),
  };
  try {
    await readMultipart(body, contentType, spec, form);
    const sent = form.files.get("file") ?? null;
    const given = checked(form.fields, form.faults, sent !== null);
    const job = given.link === undefined ? null : jobOfLink(given.link);
    const ofFile = sent === null ? [] : await printsOf(deps, key, signal);
    const ofJob = job === null ? NOTHING : await seenIn(deps, job, signal);
    const ticket = await addTicket(files, clock.now(), {
      ...given,
      ...(job === null ? {} : { job }),
      sha256: [...(sent === null ? [] : [sent]), ...ofJob.sha256],
      prints: [...ofFile, ...ofJob.prints],
    });
    await audit?.tell({ kind: "takedown", details: { ticket: ticket.id, type: ticket.kind } });
    return { ticket, lang: form.fields.get("lang") };
  } finally {
    await files.purge(key);
  }
}

const NOTHING: Pick<Ticket, "sha256" | "prints"> = { sha256: [], prints: [] };

/** The hash of the file; null for an empty one, which forms send where none was chosen. */
async function stored(
  { files }: ApiDeps,
  key: string,
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<string | null> {
  const hash = createHash("sha256");
  let bytes = 0;
  const hashed = async function* () {
    for await (const chunk of content) {
      hash.update(chunk);
      bytes += chunk.byteLength;
      yield chunk;
    }
  };
  await files.put(key, hashed(), { type: "application/octet-stream", maxBytes: MAX_FILE_BYTES, signal });
  return bytes === 0 ? null : hash.digest("hex");
}

function checked(fields: Map<string, string>, faults: FieldError[], hasFile: boolean) {
  const value = (name: string) => fields.get(name)?.trim() ?? "";
  const fault = (name: string, msg: string) => faults.push({ loc: ["body", name], msg, type: "missing" });
  const kind = TAKEDOWN_KINDS.find((each) => each === value("kind"));
  if (!kind) fault("kind", `must be one of ${TAKEDOWN_KINDS.join(", ")}`);
  if (value("link") === "" && !hasFile) fault("link", "is needed, or the file itself as `file`");
  if (value("name") === "") fault("name", "is needed: it is your signature");
  if (value("contact") === "") fault("contact", "is needed: an address or a number at which you can be reached");
  if (value("good_faith") !== "on")
    fault("good_faith", "must be `on`: you state in good faith that what you say is true");
  if (faults.length > 0 || !kind) {
    const [first] = faults;
    const said = first ? `${String(first.loc[1])} ${first.msg}.` : "The form is not valid.";
    throw new AppError("invalid_request", said, { errors: faults });
  }
  const link = value("link") === "" ? {} : { link: value("link") };
  const short = (name: string) => value(name).slice(0, 200);
  return {
    kind,
    name: short("name"),
    contact: short("contact"),
    statement: value("statement").slice(0, 5000),
    ...link,
  };
}

/** The hashes of a job's files, and prints of the pictures among them. */
async function seenIn(deps: ApiDeps, { owner, id }: { owner: string; id: string }, signal: AbortSignal) {
  const stored = await deps.records.get(owner, id).catch((error: unknown) => {
    if (hasCode(error, "record_unreadable", "not_found")) return null;
    throw error;
  });
  if (!stored) return NOTHING;
  const all = [...Object.values(stored.record.inputs).flat(), ...Object.values(stored.record.outputs)];
  const pictures = all.filter(({ type }) => type.startsWith("image/")).slice(0, MAX_PICTURES);
  const prints: Prints[] = [];
  for (const { key } of pictures) prints.push(...(await printsOf(deps, key, signal)));
  return { sha256: all.flatMap(({ sha256 }) => (sha256 === undefined ? [] : [sha256])), prints };
}

/** None of what cannot be looked at: its hash is enough to know the very file. While others keep the inspector busy, it is asked again. */
async function printsOf(deps: ApiDeps, key: string, signal: AbortSignal): Promise<Prints[]> {
  const { files, inspector, clock, log } = deps;
  if (!inspector) return [];
  for (let tries = 1; ; tries++) {
    try {
      const { etag, type, bytes } = await checkFile(files, key, PICTURE_SLOT);
      return (await inspector.inspect({ key, etag, type, bytes }, { owner: "takedown", signal })).prints ?? [];
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.retryAfterSeconds === undefined || tries === PRINT_TRIES) {
        if (error.retryable) log.error({ err: error }, "a picture of a takedown is blocked by its hash alone");
        return [];
      }
      await clock.sleep(error.retryAfterSeconds * 1000, signal);
    }
  }
}
