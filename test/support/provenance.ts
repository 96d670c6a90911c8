/** What engines are told of a job: one whose pictures get no mark, and marks that may be ordered. */
import type { Provenance } from "@smileloop/core/engine/protocol.ts";
import type { MarkOrder } from "@smileloop/core/marking/mark.ts";
import { makeTile } from "@smileloop/worker/marking/tile.ts";

export const provenance: Provenance = { job: "0".repeat(32), engine: "warp", version: "0", mark: null };

/** Of another job, by another key, for each number. */
export function markOrder(nth = 1): MarkOrder {
  const tile = makeTile({ id: "test", secret: Buffer.alloc(32, nth) }, nth * 1_000_003, { x: 17 * nth, y: 5 });
  return { tile: Buffer.from(tile.buffer).toString("base64"), label: false };
}
