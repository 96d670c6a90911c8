/** The stand-in's part for videos, which needs FFmpeg. */
import { readFilm } from "@smileloop/engine/media/film-reader.ts";
import { openVideoWriter } from "@smileloop/engine/media/video-writer.ts";
import { provenance } from "./provenance.ts";

/** The same frames, with a dark square in the middle of each. `paints`: false, without. */
export async function paintFilm(path: string, to: string, paints: boolean): Promise<void> {
  const { signal } = new AbortController();
  let writer: Awaited<ReturnType<typeof openVideoWriter>> | undefined;
  await readFilm(path, {
    ...{ signal, maxSeconds: 60 },
    async onFrame({ yuv }, { width, height }) {
      writer ??= await openVideoWriter({ path: to, width, height, fps: 25, provenance });
      const frame = yuv();
      for (let y = height / 4; paints && y < height / 2; y++)
        frame.fill(40, y * width + width / 4, y * width + width / 2);
      await writer.write(frame);
    },
  });
  await writer!.close();
}
