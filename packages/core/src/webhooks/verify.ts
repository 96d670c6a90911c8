/** Whether an event comes from the installation whose public keys these are: what a receiver checks, by `v1a`. */
import { createPublicKey, verify } from "node:crypto";
import type { PublicKey } from "./signing.ts";

/** How far a try may lie in the past or the future, ms: as Standard Webhooks advises. */
const TOLERANCE_MS = 5 * 60_000;

/** Values by names in lower case, as Node has them. */
export type EventHeaders = Record<string, string | string[] | undefined>;

/** Why the event is not to be trusted; null for one that is. */
export function eventFault(
  keys: readonly PublicKey[],
  { headers, body }: { headers: EventHeaders; body: string },
  nowMs: number,
): string | null {
  const [id, timestamp, signatures] = ["id", "timestamp", "signature"].map((name) => headers[`webhook-${name}`]);
  if (typeof id !== "string" || typeof timestamp !== "string" || typeof signatures !== "string") {
    return "It has no webhook-id, webhook-timestamp or webhook-signature.";
  }
  const atMs = Number(timestamp) * 1000;
  if (!(Math.abs(nowMs - atMs) <= TOLERANCE_MS)) return "Its webhook-timestamp is more than 5 minutes from now.";
  const signed = Buffer.from(`${id}.${timestamp}.${body}`);
  const given = signatures.split(" ").flatMap((one) => (one.startsWith("v1a,") ? [one.slice("v1a,".length)] : []));
  const isSigned = keys.some((key) => {
    const publicKey = createPublicKey({ key: { ...key }, format: "jwk" });
    return given.some((signature) => verify(null, signed, publicKey, Buffer.from(signature, "base64")));
  });
  return isSigned ? null : "None of its signatures is by this server.";
}
