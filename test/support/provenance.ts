/** What engines are told of a job whose pictures get no mark. */
import type { Provenance } from "@smileloop/core/engine/protocol.ts";

export const provenance: Provenance = { job: "0".repeat(32), engine: "warp", version: "0", mark: null };
