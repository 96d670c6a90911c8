/**
 * What a processor of faces is: a step from frame to frame, prepared once for a picture or a clip. The list is in `index.ts`. Steps know
 * nothing of each other, of files, or of how faces are found and chosen.
 */

import type { Warning } from "@smileloop/core/errors.ts";
import type { ProcessorName, StepOf } from "@smileloop/core/faces/processors.ts";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import type { Sync } from "@smileloop/core/speech/sync.ts";
import type { Face } from "../face/types.ts";
import type { Picture } from "../media/picture.ts";
import type { Box } from "../media/yuv.ts";

/** 8 bits, sRGB, RGB interleaved, width × height × 3 bytes. */
export type RgbFrame = Pick<Picture, "width" | "height" | "data">;

/** A face that was chosen to be worked on, as this frame shows it; its landmarks are smoothed over the clip. */
export type SceneFace = Face & {
  /** The same person through the clip. */
  track: number;
  /** Whether it is seen well enough to be worked on: not covered, not half outside. */
  clear: boolean;
};

/** `faces`: in pixels of `frame`, largest first. */
export type Scene = {
  frame: RgbFrame;
  /** The same in planar 4:2:0 (BT.709, limited range), of a video while no step has changed it. It must not be changed. */
  yuv?: Uint8Array | undefined;
  faces: readonly SceneFace[];
  /** Number of the frame, and its time. */
  index: number;
  seconds: number;
};

/** What is known of the whole before its first frame is drawn. */
export type Clip = {
  width: number;
  height: number;
  /** 1 for a picture. */
  frames: number;
  fps: number;
  /** The result's size, percent of the target's. */
  scale: number;
  /** Any frame as the steps before have left it, with its faces. Costs their work again; cheapest in ascending order. */
  sceneAt(index: number): Promise<Scene>;
};

export type Sources = {
  /** Pictures in the slot `source`, decoded, upright. */
  pictures: readonly Picture[];
  /** What a sound in it says; null where there is none. */
  speech: Speech | null;
};

/** Curves of a face that says it, from the first frame on, and how it is fitted to the video. */
export type Speech = { motion: MotionFrames; sync: Sync };

export type Applied = {
  /** May be the scene's own, changed in place, or a new one, also of another size. */
  frame: RgbFrame;
  /** Faces after this step where it has moved them or changed the size, read once a later step needs them; the scene's own by default. */
  faces?: () => readonly SceneFace[] | Promise<readonly SceneFace[]>;
  /** Where pixels have changed, in pixels of the new frame; null: nowhere. What lies outside is bit-equal. */
  changed: Box | null;
  /** Why faces were left as they were: one of the codes that `prepare` documents, with the figures. */
  left: readonly Warning[];
};

export type Prepared = {
  /** What is to be said of the whole clip, such as `quality_limited`. Asked for after the last frame. */
  warnings: readonly Warning[];
  /** Frames come once each, in order. */
  apply(scene: Scene): Promise<Applied>;
  /** After the last frame, or when the work is stopped. */
  free?(): void;
};

/** `progress`: how much of the preparation is done, 0–1. */
export type StepContext = { signal: AbortSignal; progress?: (share: number) => void };

export type Processor<Name extends ProcessorName = ProcessorName> = {
  name: Name;
  /** Said of results: how they compare with a model trained for this. Absent: exact. */
  quality?: "classical";
  /** Options that this step does not follow, and what it uses instead, as the end of a sentence: said where a job gives one. */
  unused?: Readonly<Record<string, string>>;
  /** Throws AppErrors for sources and options that cannot be used; for a picture (`frames` 1) also for a face beyond the limits. */
  prepare(step: StepOf<Name>, clip: Clip, sources: Sources, context: StepContext): Promise<Prepared>;
};
