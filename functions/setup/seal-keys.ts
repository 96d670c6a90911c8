/** What the secrets of jobs are sealed with: the same for the API and for workers, and after a restart. */
import type { Env } from "@smileloop/core/env.ts";
import { createSeals, type Seals } from "@smileloop/core/seals.ts";

/** `secret`: of the installation, where it has one; SEAL_KEY goes before it. Undefined where there is neither. */
export function sealsOf({ SEAL_KEY: texts = [] }: Pick<Env, "SEAL_KEY">, secret?: Uint8Array): Seals | undefined {
  const [first, ...former] = [...texts.map((text) => Buffer.from(text)), ...(secret ? [secret] : [])];
  return first && createSeals([first, ...former]);
}
