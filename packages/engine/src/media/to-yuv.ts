/** Frames of any pixel format as ours: planar 4:2:0, BT.709, limited range. */
import { AV_PIX_FMT_YUV420P, AVCOL_SPC_BT709 } from "node-av/constants";
import type { Frame } from "node-av/lib";
import { type FilterRun, openFilter, source } from "./filter.ts";

export function createYuvConverter() {
  let filter: FilterRun | undefined;
  return {
    /** The pixels of a frame, as a copy without padding. All frames have to be alike. */
    yuv(frame: Frame): Uint8Array {
      if (frame.format === AV_PIX_FMT_YUV420P && frame.colorSpace === AVCOL_SPC_BT709) return frame.toBuffer();
      filter ??= openConversion(frame);
      filter.add(frame);
      for (const converted of filter.out()) return converted.toBuffer();
      throw new Error("a frame was not converted");
    },
    free: () => filter?.free(),
  };
}

function openConversion({ width, height, format, colorSpace, colorRange }: Frame): FilterRun {
  const colour = `:colorspace=${colorSpace}:range=${colorRange}`;
  const from = source("in", { width, height, pixels: format, timeBase: "1/1000", colour });
  return openFilter(
    `${from},scale=out_color_matrix=bt709:out_range=tv:flags=area+accurate_rnd,format=yuv420p,buffersink@out`,
  );
}
