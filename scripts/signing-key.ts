/** `npm run signing:key`: prints a new key for signing results, with its certificates, as SIGNING_KEY takes it. */
import { makeChain } from "@smileloop/worker/signing/make-chain.ts";

/** In one line, `\\n` for its ends: lists of secrets and `.env` files have a line for each. */
export function signingKey(): string {
  const { key, chain } = makeChain(Date.now());
  return `${key}${chain}`.trimEnd().replaceAll("\n", "\\n");
}

if (import.meta.main) console.log(signingKey());
