/** Graphs of FFmpeg's filters: frames in, frames out. */
import { AV_BUFFERSRC_FLAG_KEEP_REF, AVERROR_EAGAIN, AVERROR_EOF } from "node-av/constants";
import { FilterGraph, Frame } from "node-av/lib";
import { must } from "./ffmpeg.ts";

export type FilterRun = {
  /** Takes a frame (null: there are no more) for the source `name`, which stays the caller's. */
  add(frame: Frame | null, name?: string): void;
  /** What has come out so far; each frame is valid until the next is asked for. */
  out(): Generator<Frame>;
  free(): void;
};

/**
 * `text`: a description with sources named `buffer@<name>` (`in` where there is one) and the sink `buffersink@out`; of sounds, these
 * are `abuffer` and `abuffersink`.
 */
export function openFilter(text: string, kind: "" | "a" = ""): FilterRun {
  const graph = new FilterGraph();
  graph.alloc();
  const filter = (name: string) => {
    const found = graph.getFilter(name);
    if (found === null) throw new Error(`the graph has no ${name}`);
    return found;
  };
  try {
    must(graph.parsePtr(text), "filter");
    must(graph.configSync(), "filter");
  } catch (error) {
    graph.free();
    throw error;
  }
  const sink = filter(`${kind}buffersink@out`);
  return {
    add: (frame, name = "in") =>
      must(filter(`${kind}buffer@${name}`).buffersrcAddFrameSync(frame, AV_BUFFERSRC_FLAG_KEEP_REF), "filter"),
    *out() {
      const frame = new Frame();
      frame.alloc();
      try {
        for (;;) {
          const code = sink.buffersinkGetFrameSync(frame);
          if (code === AVERROR_EAGAIN || code === AVERROR_EOF) return;
          must(code, "filter");
          yield frame;
          frame.unref();
        }
      } finally {
        frame.free();
      }
    },
    free: () => graph.free(),
  };
}

type SourceOptions = { width: number; height: number; pixels: string | number; timeBase: string; colour?: string };

/** The text of a source. `colour`: further options, such as the matrix. */
export function source(name: string, { width, height, pixels, timeBase, colour = "" }: SourceOptions): string {
  return `buffer@${name}=video_size=${width}x${height}:pix_fmt=${pixels}:time_base=${timeBase}${colour}`;
}

/** Frames as engines make them (planar 4:2:0, BT.709, limited range). */
export function yuvSource(name: string, width: number, height: number, timeBase: string): string {
  return source(name, { width, height, pixels: "yuv420p", timeBase, colour: ":colorspace=bt709:range=tv" });
}
