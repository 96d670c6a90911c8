/**
 * What people ask to be taken down: `takedowns/<id>/ticket`, then `acted` once it was blocked and deleted, and `decision` once the operator has
 * decided. Each is stored once, so that the first decision holds. Tickets hold a name and an address to write to; the audit holds neither.
 */
import { z } from "zod";
import { printsSchema } from "../engine/print-service.ts";
import { AppError, hasCode } from "../errors.ts";
import type { Files } from "../files.ts";
import { newId } from "../job/ids.ts";
import { jobFolderId } from "../job/keys.ts";

/** `intimate` and `minor` take effect on receipt and are looked at afterwards; of `other` the operator decides first. */
export const TAKEDOWN_KINDS = ["intimate", "minor", "other"] as const;
const URGENT: readonly string[] = ["intimate", "minor"];
/** Within which the operator has to decide (47 USC 223a, "TAKE IT DOWN"), ms. */
export const DECISION_MS = 48 * 60 * 60_000;
/** How long a decided ticket is kept, ms. */
const KEPT_MS = 90 * 24 * 60 * 60_000;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const ticketSchema = z.strictObject({
  id: z.string(),
  at: z.int(),
  kind: z.enum(TAKEDOWN_KINDS),
  name: z.string().max(200),
  contact: z.string().max(200),
  statement: z.string().max(5000),
  link: z.string().max(2000).optional(),
  /** The job that the link leads into. */
  job: z.strictObject({ owner: z.string(), id: z.string() }).optional(),
  /** Of the file that came with it, and of the files of that job. */
  sha256: z.array(sha256).max(1000),
  prints: z.array(printsSchema).max(2000),
});
export type Ticket = z.infer<typeof ticketSchema>;
const actedSchema = z.strictObject({ at: z.int(), block: z.string().nullable(), jobs: z.int() });
const decisionSchema = z.strictObject({ at: z.int(), accepted: z.boolean(), reason: z.string().max(1000) });
export type Takedown = {
  ticket: Ticket;
  acted: z.infer<typeof actedSchema> | null;
  decision: z.infer<typeof decisionSchema> | null;
};

type TakedownFiles = Pick<Files, "get" | "put" | "list" | "purge">;

export function isUrgent({ kind }: Pick<Ticket, "kind">): boolean {
  return URGENT.includes(kind);
}

/** Stores a new ticket. Throws what the storage throws. */
export async function addTicket(
  files: TakedownFiles,
  nowMs: number,
  ticket: Omit<Ticket, "id" | "at">,
): Promise<Ticket> {
  const stored = ticketSchema.parse({ id: newId(nowMs), at: nowMs, ...ticket });
  await putOnce(files, keyOf(stored.id, "ticket"), stored);
  return stored;
}

/** Oldest first; with `acted: false` without those that were acted on, of which nothing is read. Those that cannot be read are left out. */
export async function* listTakedowns(files: TakedownFiles, { acted = true } = {}): AsyncGenerator<Takedown> {
  const names = new Map<string, string[]>();
  for await (const { key } of files.list("takedowns/")) {
    const [, id = "", name = ""] = key.split("/");
    names.set(id, [...(names.get(id) ?? []), name]);
  }
  for (const [id, has] of names) {
    const found = acted || !has.includes("acted") ? await readTakedown(files, id) : null;
    if (found) yield found;
  }
}

/** Null where there is none. */
export async function readTakedown(files: TakedownFiles, id: string): Promise<Takedown | null> {
  if (!/^[0-9a-f]{32}$/.test(id)) return null;
  const ticket = await readJson(files, keyOf(id, "ticket"), ticketSchema);
  if (!ticket) return null;
  const acted = await readJson(files, keyOf(id, "acted"), actedSchema);
  const decision = await readJson(files, keyOf(id, "decision"), decisionSchema);
  return { ticket, acted, decision };
}

/** Says what was done on a ticket; answers false where somebody else has said it. */
export function setActed(files: TakedownFiles, id: string, acted: NonNullable<Takedown["acted"]>): Promise<boolean> {
  return putOnce(files, keyOf(id, "acted"), acted);
}

/** Answers false where it was decided before. */
export function setDecision(
  files: TakedownFiles,
  id: string,
  decision: NonNullable<Takedown["decision"]>,
): Promise<boolean> {
  return putOnce(files, keyOf(id, "decision"), decision);
}

/** Takes away the tickets that were decided long ago, with the names and addresses in them. */
export async function forgetTakedowns(files: TakedownFiles, nowMs: number): Promise<void> {
  for await (const { ticket, decision } of listTakedowns(files)) {
    if (decision && decision.at + KEPT_MS < nowMs) await files.purge(`takedowns/${ticket.id}`);
  }
}

/**
 * The job whose file a link leads to; null for other links. The name of a stored file has the owner and 74 random bits in it, which nobody can
 * guess: to hold such a link is the proof that one was given the file. Links that have run out count, too.
 */
export function jobOfLink(link: string): { owner: string; id: string } | null {
  const path = URL.parse(link)?.pathname ?? "";
  const [, owner = "", folder = ""] =
    /\/jobs\/([a-z0-9][a-z0-9_-]{0,63})\/([0-9a-f]{44})\/(?:in|out|c)\//.exec(path) ?? [];
  const id = jobFolderId(folder);
  return id === null ? null : { owner, id };
}

async function putOnce(files: TakedownFiles, key: string, content: object): Promise<boolean> {
  const bytes = Buffer.from(JSON.stringify(content));
  const body = async function* () {
    yield bytes;
  };
  try {
    await files.put(key, body(), { type: "application/json", bytes: bytes.length });
    return true;
  } catch (error) {
    if (hasCode(error, "already_exists")) return false;
    throw error;
  }
}

async function readJson<T>(files: TakedownFiles, key: string, schema: z.ZodType<T>): Promise<T | null> {
  try {
    const text = await new Response((await files.get(key)).body).text();
    return schema.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof AppError && error.code !== "not_found") throw error;
    return null;
  }
}

function keyOf(id: string, name: "ticket" | "acted" | "decision"): string {
  return `takedowns/${id}/${name}`;
}
