/** Whose signature a file carries, and whether it still holds. */
import { type C2pa, C2paError, C2paTimeout, NO_MANIFEST } from "./c2pa.ts";
import type { Signatory } from "./key.ts";
import { isSignable } from "./signer.ts";

/**
 * `ours`: this installation signed these very bytes. `other`: somebody else did. `broken`: the file was changed after it was signed, or its
 * signature cannot be read. `none`: it has no signature, or is of a type that can have none.
 */
export type SignatureVerdict = "ours" | "other" | "broken" | "none";

/** `instance`: of our own manifest. */
export type SignatureFound = { signature: SignatureVerdict; instance: string | null };

/** Those whose signatures count as ours: their root, and the certificate below it. */
export type Trusted = Pick<Signatory, "anchors" | "serial">;

const NOT_OURS = (signature: SignatureVerdict): SignatureFound => ({ signature, instance: null });

/** `path`: a file that may be anything. Throws the signal's reason and C2paTimeout alone. */
export async function findSignature(
  c2pa: Pick<C2pa, "read">,
  trusted: readonly Trusted[],
  { path, type, signal }: { path: string; type: string; signal: AbortSignal },
): Promise<SignatureFound> {
  if (!isSignable(type)) return NOT_OURS("none");
  const anchors = trusted.map((each) => each.anchors).join("\n");
  try {
    return judge(JSON.parse(await c2pa.read({ path, type, anchors }, signal)), trusted);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof C2paTimeout) throw error;
    if (error instanceof C2paError && NO_MANIFEST.test(error.message)) return NOT_OURS("none");
    // a reader that gives up has seen something that was no manifest of anybody's
    return NOT_OURS("broken");
  }
}

/** What c2pa-rs says of a file, as far as it matters here. */
type Store = {
  active_manifest?: string;
  validation_state?: string;
  manifests?: Record<string, { signature_info?: { cert_serial_number?: string } }>;
};

function judge({ active_manifest: label = "", validation_state, manifests = {} }: Store, trusted: readonly Trusted[]) {
  const serial = manifests[label]?.signature_info?.cert_serial_number;
  if (validation_state !== "Trusted" && validation_state !== "Valid") return NOT_OURS("broken");
  // others may have the same root where that is not our own
  const isOurs = validation_state === "Trusted" && trusted.some((each) => each.serial === serial);
  return isOurs ? { signature: "ours" as const, instance: label } : NOT_OURS("other");
}
