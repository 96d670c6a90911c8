/** What of a job its signatures tell. */
import type { JobRecord } from "@smileloop/core/job/record.ts";
import type { Kinds } from "@smileloop/core/kinds/kind.ts";
import type { SourceType } from "@smileloop/core/marking/making.ts";
import type { Given } from "./manifest.ts";
import type { Signer, ToSign } from "./signer.ts";

/** The signing of one job's files. */
export type Signing = { sign(file: Omit<ToSign, "making" | "source" | "agent">): ReturnType<Signer["sign"]> };

type SigningDeps = { signer: Signer; kinds: Kinds; source?: SourceType | undefined };

/** `engine`: who does the work; null where other jobs do it. */
export function signingFor(
  { signer, kinds, source = "compositeWithTrainedAlgorithmicMedia" }: SigningDeps,
  { kind }: Pick<JobRecord, "kind">,
  engine: { engine: string; version: string } | null,
): Signing {
  const making = kinds.get(kind)?.making ?? { action: "created" };
  const agent = engine && { name: engine.engine, version: engine.version };
  return { sign: (file) => signer.sign({ ...file, making, source, agent }) };
}

/** The job's inputs. `here`: where they are on this machine, by key, for those that were downloaded. */
export function givenOf({ inputs }: Pick<JobRecord, "inputs">, here: ReadonlyMap<string, string>): Given[] {
  return Object.entries(inputs).flatMap(([slot, files]) =>
    files.map(({ key, type }) => ({ slot, type, path: here.get(key) ?? null })),
  );
}
