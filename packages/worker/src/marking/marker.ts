/** The mark of a job: what engines are told to add to its pictures, and what its record says of them. */
import { createHmac } from "node:crypto";
import { AppError } from "@smileloop/core/errors.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import type { Kinds, Params } from "@smileloop/core/kinds/kind.ts";
import type { Log } from "@smileloop/core/log.ts";
import { type MarkOrder, type OutputMark, TILE_SIDE, type Watermark } from "@smileloop/core/marking/mark.ts";
import { mediaClassOf } from "@smileloop/core/media/types.ts";
import type { MarkKey } from "./key.ts";
import { makeTile } from "./tile.ts";

export type PictureMark = Pick<OutputMark, "watermark" | "unmarked" | "label">;
/** `order`: null where the pictures get no mark. `pictures`: what the record says of each output that has a picture. */
export type Marking = { order: MarkOrder | null; pictures: PictureMark };

export type Marker = {
  /** The same at each attempt of a job. Throws `marking_failed`. */
  mark(job: { id: string; label: boolean }): Promise<{ order: MarkOrder; watermark: Watermark }>;
};

/** `keys`: the newest first; asked for each job, so that a key that was missing may come. Throws a sentence. */
export function createMarker({ keys, log }: { keys: () => Promise<readonly MarkKey[]>; log: Log }): Marker {
  return {
    async mark({ id, label }) {
      try {
        const [key] = await keys();
        if (!key) throw new Error("there is no key");
        const { payload, offset } = drawn(key, id);
        const tile = Buffer.from(makeTile(key, payload, offset).buffer).toString("base64");
        return { order: { tile, label }, watermark: { key: key.id, payload } };
      } catch (cause) {
        log.error({ err: cause }, "not marked");
        throw new AppError("marking_failed", "The result could not be marked.", { cause });
      }
    },
  };
}

/** As good as random for those without the key, and the same at each attempt. */
function drawn({ secret }: MarkKey, id: string) {
  const bytes = createHmac("sha256", secret).update(`job ${id}`).digest();
  const offset = { x: bytes.readUInt16BE(4) % TILE_SIDE, y: bytes.readUInt16BE(6) % TILE_SIDE };
  return { payload: bytes.readUInt32BE(0), offset };
}

/** Throws `marking_failed`: without its mark a job does not begin. */
export async function markingFor(
  { marker, kinds }: { marker: Marker; kinds: Kinds },
  { id, kind }: Pick<JobRecord, "id" | "kind">,
  params: Params,
): Promise<Marking> {
  const unmarked = kinds.get(kind)?.unmarked(params) ?? null;
  if (unmarked !== null) return { order: null, pictures: { watermark: null, unmarked } };
  const label = params.label === true;
  const { order, watermark } = await marker.mark({ id, label });
  return { order, pictures: { watermark, label } };
}

/**
 * What the record says of the picture in a file of this type; nothing where there is none. `marking`: null where nobody has asked what
 * becomes of the job's pictures. Throws `marking_failed`: no picture is stored of which nobody can say how it is marked.
 */
export function pictureMarkOf(marking: Marking | null, type: string): PictureMark {
  if (!["image", "video"].includes(mediaClassOf(type) ?? "")) return {};
  const { watermark = null, unmarked } = marking?.pictures ?? {};
  if (marking && (unmarked !== undefined || (watermark !== null && marking.order !== null))) return marking.pictures;
  throw new AppError("marking_failed", "The result has a picture without a mark.");
}
