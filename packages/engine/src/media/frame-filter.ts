/** Runs decoded frames through FFmpeg's filters. */
import { AV_BUFFERSRC_FLAG_KEEP_REF } from "node-av/constants";
import { type FilterContext, FilterGraph, type Frame } from "node-av/lib";
import { must } from "./ffmpeg.ts";

export type FrameFilter = {
  /** Puts what becomes of `frame`, which stays as it is, into `into`, which was empty. */
  apply(frame: Frame, into: Frame): void;
  free(): void;
};

/** `chain`: filters as FFmpeg writes them, one frame out for each one in. Frames have to be like `first`. */
export function createFrameFilter(first: Frame, chain: string): FrameFilter {
  const graph = new FilterGraph();
  graph.alloc();
  // decoding and filtering take turns: more threads would only hold memory
  graph.nbThreads = 1;
  try {
    const size = `video_size=${first.width}x${first.height}:pix_fmt=${first.format}:time_base=1/1000`;
    const colour = `colorspace=${first.colorSpace}:range=${first.colorRange}`;
    must(graph.parsePtr(`buffer@in=${size}:${colour},${chain},buffersink@out`), "filter");
    must(graph.configSync(), "filter");
  } catch (error) {
    graph.free();
    throw error;
  }
  const end = (name: string): FilterContext => graph.getFilter(name)!;
  return {
    apply(frame, into) {
      must(end("buffer@in").buffersrcAddFrameSync(frame, AV_BUFFERSRC_FLAG_KEEP_REF), "filter");
      must(end("buffersink@out").buffersinkGetFrameSync(into), "filter");
    },
    free: () => graph.free(),
  };
}
