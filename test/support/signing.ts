/** Keys and signers for tests. */
import { makeChain } from "@smileloop/worker/signing/make-chain.ts";
import type { Signer } from "@smileloop/worker/signing/signer.ts";

/** For tests of what comes before: their files are no media that could be signed. */
export const unsigned: Signer = { sign: async () => null };

/** As the variable of this name has it: a key with its certificates. */
export const SIGNING_KEY = signingKey();

/** Another one at each call. `name`: of the signer. */
export function signingKey(name?: string): string {
  const { key, chain } = makeChain(Date.now(), name);
  return key + chain;
}
