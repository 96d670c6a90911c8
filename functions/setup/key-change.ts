/** Writes down when a key of the installation is another than at the last start: never the key, but a short hash by which two are told apart. */
import { createHmac } from "node:crypto";
import type { Env } from "@smileloop/core/env.ts";
import { readNote } from "@smileloop/core/notes.ts";
import { z } from "zod";
import type { Home } from "./home.ts";
import { presentLeaf, type SigningSource } from "./signing.ts";

const NOTE = "keys";
const HASH_CHARACTERS = 16;
const schema = z.record(z.string(), z.string());

/** A first start writes nothing down. Throws what the storage throws. */
export async function tellKeyChanges(
  { records, audit, secret, signing }: Pick<Home, "records" | "audit" | "secret"> & { signing: SigningSource },
  { SEAL_KEY, WEBHOOK_SECRET, MARK_KEY }: Pick<Env, "SEAL_KEY" | "WEBHOOK_SECRET" | "MARK_KEY">,
): Promise<void> {
  const keys = { SEAL_KEY: SEAL_KEY?.[0] ?? secret, WEBHOOK_SECRET: WEBHOOK_SECRET?.[0] ?? secret, MARK_KEY };
  const now = Object.fromEntries(
    Object.entries(keys).flatMap(([name, key]) => (key === undefined ? [] : [[name, shortHash(key)]])),
  );
  const leaf = await presentLeaf(signing);
  // a certificate is public
  if (leaf !== null) now.SIGNING_KEY = leaf.slice(0, HASH_CHARACTERS);
  const note = await records.notes.get(NOTE);
  const before = (note && readNote(schema, note)) ?? now;
  for (const [key, hash] of Object.entries(now)) {
    const former = before[key];
    if (former !== undefined && former !== hash)
      await audit.tell({ kind: "key_rotated", details: { key, former, now: hash } });
  }
  const text = JSON.stringify(now);
  if (note?.text !== text) await records.notes.put(NOTE, text, note?.etag ?? null);
}

function shortHash(key: string | Uint8Array): string {
  return createHmac("sha256", key).update("smileloop name of a key").digest("hex").slice(0, HASH_CHARACTERS);
}
