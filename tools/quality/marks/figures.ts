/** What the invisible mark costs, and what it is read after. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LumaPicture, type LumaRequest, readLuma } from "@smileloop/core/engine/luma-service.ts";
import type { MarkOrder } from "@smileloop/core/marking/mark.ts";
import { openVideoWriter } from "@smileloop/engine/media/video-writer.ts";
import { luma } from "@smileloop/engine/services/luma.ts";
import { isFound, look } from "@smileloop/worker/marking/find.ts";
import type { MarkKey } from "@smileloop/worker/marking/key.ts";
import { makeTile } from "@smileloop/worker/marking/tile.ts";
import { ATTACKS, type Attack, attacked, type Frames, framesOf } from "./attacks.ts";

export const KEY: MarkKey = { id: "quality", secret: Buffer.alloc(32, "quality") };
export const PAYLOAD = 0x5eed_1e57;

export function orderOf(payload = PAYLOAD, label = false): MarkOrder {
  const tile = makeTile(KEY, payload, { x: 61, y: 19 });
  return { tile: Buffer.from(tile.buffer).toString("base64"), label };
}

type File = { path: string; type: string };
export type Reading = { attack: string; promised: boolean; found: boolean; read: boolean; score: number };

/** What the search for marks looks at in a file, as verification has it. */
export async function pictureOf(file: File): Promise<LumaPicture[]> {
  const path = `${file.path}.luma`;
  const request: LumaRequest = { type: "luma", run: "quality", inputs: { file: [file] }, outputs: { luma: path } };
  const { pictures } = await luma(request, { signal: new AbortController().signal });
  return readLuma(await readFile(path), pictures);
}

export async function write(clip: Frames, mark: MarkOrder | null, path: string): Promise<number> {
  const { width, height, frames } = clip;
  const provenance = { job: "quality", engine: "warp", version: "0", mark };
  const writer = await openVideoWriter({ path, width, height, fps: 25, provenance });
  for (const frame of frames) await writer.write(frame);
  await writer.close();
  return statSync(path).size;
}

/** The own file, and what each attack makes of it. */
export async function readings(clip: Frames, attacks: readonly Attack[] = ATTACKS): Promise<Reading[]> {
  const dir = mkdtempSync(join(tmpdir(), "marks-"));
  try {
    const own = join(dir, "own.mp4");
    await write(clip, orderOf(), own);
    const marked = await framesOf(own);
    const all = [await reading("own file", true, { path: own, type: "video/mp4" })];
    for (const attack of attacks) {
      all.push(await reading(attack.name, attack.promised, await attacked(marked, attack, join(dir, "attacked"))));
    }
    return all;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function reading(attack: string, promised: boolean, file: File): Promise<Reading> {
  const best = look(await pictureOf(file), [KEY]);
  const found = best !== null && isFound(best);
  return { attack, promised, found, read: found && best.payload === PAYLOAD, score: best?.score ?? 0 };
}
