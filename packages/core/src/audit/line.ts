/**
 * A line of the audit: `{seq, at, kind, …, prev, hash}`, where hash = SHA-256(prev ‖ JSON of the rest with sorted names). No picture, no
 * address of a machine and no name of a person is in one; owners stand there by a hash whose salt can be thrown away (`owner-salts.ts`).
 */
import { createHash } from "node:crypto";
import { z } from "zod";

/** The last line of a chain: its number and its hash, 64 hex digits. */
export type Head = { seq: number; hash: string };

/** How long the lines of a chain are kept. A chain for each length of time, so that what is old can go from its front. */
export const CHAINS = { trust: { keepDays: 3 * 365 }, marks: { keepDays: 365 } } as const;
export type Chain = keyof typeof CHAINS;
export const CHAIN_NAMES = Object.keys(CHAINS) as Chain[];

/** What is written down, and in which chain; null: in the chain that it is about. */
const KINDS = {
  /** Somebody has said why the people shown may be shown. */
  consent: "trust",
  /** A job was paid, or its money was given back. */
  paid: "trust",
  refunded: "trust",
  /** Somebody asks for something to be taken down; the operator has decided. */
  takedown: "trust",
  takedown_decided: "trust",
  /** A picture was put on the block list or taken off it; a job was refused because of it. */
  blocked: "trust",
  unblocked: "trust",
  block_hit: "trust",
  /** A key of the installation was exchanged. */
  key_rotated: "trust",
  /** Everything of an owner was erased. */
  erased: "trust",
  /** A result was made and carries this mark. */
  marked: "marks",
  /** The lines up to a number were removed because they were old. */
  trimmed: null,
} as const satisfies Record<string, Chain | null>;
export type AuditKind = keyof typeof KINDS;

const RESERVED = ["seq", "at", "kind", "prev", "hash"];
const value = z.union([z.string().max(500), z.number(), z.boolean(), z.array(z.string().max(500)).max(50)]);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const lineSchema = z
  .object({
    seq: z.int().min(1),
    at: z.iso.datetime(),
    kind: z.enum(Object.keys(KINDS) as [AuditKind, ...AuditKind[]]),
    ...{ prev: sha256, hash: sha256 },
  })
  .catchall(value);
export type AuditLine = z.infer<typeof lineSchema>;

/** `at`: ms since 1970. `details`: by short names; undefined ones are left out. */
export type AuditEntry = {
  kind: AuditKind;
  at: number;
  details: Readonly<Record<string, z.infer<typeof value> | undefined>>;
  /** Of `trimmed` alone: which chain that is about. */
  chain?: Chain;
};

/** Before the first line. */
export const START: Head = { seq: 0, hash: "0".repeat(64) };

export function chainOf({ kind, chain }: Pick<AuditEntry, "kind" | "chain">): Chain {
  const of = KINDS[kind] ?? chain;
  if (of === undefined) throw new Error(`a line '${kind}' has to name its chain`);
  return of;
}

/** Throws for details that have a name of the line's own, or values that are too long. */
export function nextLine(head: Head, { kind, at, details }: AuditEntry): AuditLine {
  const taken = Object.keys(details).find((name) => RESERVED.includes(name));
  if (taken !== undefined) throw new Error(`a detail of the audit cannot be called '${taken}'`);
  const given = Object.entries(details).filter(([, one]) => one !== undefined);
  const body = { seq: head.seq + 1, at: new Date(at).toISOString(), kind, ...Object.fromEntries(given) };
  return lineSchema.parse({ ...body, prev: head.hash, hash: hashOf({ ...body, prev: head.hash }) });
}

/** Of everything in the line but `hash`. */
export function hashOf({ hash: _, prev, ...body }: { prev: string; hash?: string } & Record<string, unknown>): string {
  return createHash("sha256").update(prev).update(sortedJson(body)).digest("hex");
}

/** As it is stored, without a line end. */
export function lineText({ seq, at, kind, prev, hash, ...details }: AuditLine): string {
  return JSON.stringify({ seq, at, kind, ...details, prev, hash });
}

/** Null for what is not a line exactly as `lineText` writes it. */
export function readLine(text: string): AuditLine | null {
  try {
    const line = lineSchema.parse(JSON.parse(text));
    return lineText(line) === text ? line : null;
  } catch {
    return null;
  }
}

const headSchema = z.strictObject({ seq: z.int().min(0), hash: sha256 });

export function headText({ seq, hash }: Head): string {
  return JSON.stringify({ seq, hash });
}

/** Null for what cannot be read. */
export function readHead(text: string): Head | null {
  try {
    return headSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function sortedJson(body: Record<string, unknown>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(body).sort(([a], [b]) => (a < b ? -1 : 1))));
}
