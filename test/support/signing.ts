/** Keys and signers for tests. */
import { createLog } from "@smileloop/core/log.ts";
import { type MarkKey, readMarkKeys } from "@smileloop/worker/marking/key.ts";
import { createMarker, type Marker, type Marking } from "@smileloop/worker/marking/marker.ts";
import { makeChain } from "@smileloop/worker/signing/make-chain.ts";
import type { Signer } from "@smileloop/worker/signing/signer.ts";

/** For tests of what comes before: their files are no media that could be signed. */
export const unsigned: Signer = { sign: async () => null };

/** As the variable of this name has it. */
export const MARK_KEY = "5a".repeat(32);
export const MARK_KEYS: MarkKey[] = readMarkKeys(MARK_KEY);
/** For what is stored without an engine. */
export const COPIED: Marking = { order: null, pictures: { watermark: null, unmarked: "copied" } };
export const marker: Marker = createMarker({ keys: async () => MARK_KEYS, log: createLog({ level: "silent" }) });

/** As the variable of this name has it: a key with its certificates. */
export const SIGNING_KEY = signingKey();

/** Another one at each call. `name`: of the signer. */
export function signingKey(name?: string): string {
  const { key, chain } = makeChain(Date.now(), name);
  return key + chain;
}
