/** What a preview costs beside the finished video that is for sale. */
import { dirname, join } from "node:path";
import type { PreviewRequest } from "@smileloop/core/engine/preview-service.ts";
import type { VideoSpec } from "@smileloop/core/engine/protocol.ts";
import { startEngine } from "../../test/support/engine.ts";

/** Processor time of a preview with the video's sound and of its poster, s, in a process that has made one before. */
export async function previewSeconds(path: string, spec: VideoSpec): Promise<number> {
  const engine = await startEngine(["--kinds", "", "--checks", "", "--services", "preview"]);
  const file = (name: string) => join(dirname(path), name);
  const asked: Omit<PreviewRequest, "run"> = {
    ...{ type: "preview", inputs: { file: [{ path, type: "video/mp4" }] }, film: { ...spec, sound: true } },
    outputs: { preview: { path: file("preview.mp4"), seed: 1 }, poster: { path: file("preview.jpg"), frame: 0 } },
    provenance: { job: "0".repeat(32), engine: "bench", version: "0", mark: null },
  };
  await engine.ask({ ...asked, run: "first" });
  const before = engine.cpuSeconds();
  await engine.ask({ ...asked, run: "second" });
  const spent = engine.cpuSeconds() - before;
  await engine.close();
  return spent;
}
