/** A video as steps see it: its frames with the faces that are to be worked on. */
import type { ProcessVideoRun } from "@smileloop/core/engine/tasks/process.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { pictureOf } from "../media/yuv.ts";
import type { Scene, SceneFace } from "./processor.ts";
import { facesAt, largestByShot, type Tracked, trackOfFace } from "./tracks.ts";

/** `facesOf`: those of a frame that are to be worked on. */
export type Film = { tracked: Tracked; facesOf: (index: number) => SceneFace[] };

/** Throws `face_not_there`. */
export function filmOf(tracked: Tracked, { faces, face }: Pick<ProcessVideoRun["params"], "faces" | "face">): Film {
  if (faces === "all") return { tracked, facesOf: (index) => facesAt(tracked, index) };
  const only = (index: number, track: number | undefined) =>
    facesAt(tracked, index).filter((each) => each.track === track);
  if (faces === "largest") {
    const largest = largestByShot(tracked);
    const shotOf = (index: number) => tracked.shots.findLastIndex((from) => from <= index);
    return { tracked, facesOf: (index) => only(index, largest[shotOf(index)]) };
  }
  const { track, count } = trackOfFace(tracked, face);
  if (track === undefined && count > 0) {
    const there = count === 1 ? "one face" : `${count} faces`;
    throw new AppError("face_not_there", `The video begins with ${there}; face ${face} is not among them.`);
  }
  return { tracked, facesOf: (index) => only(index, track) };
}

/** A frame as it came. */
export function sceneOf(yuv: Uint8Array, index: number, { tracked, facesOf }: Film): Scene {
  const { width, height, stamps } = tracked;
  const { data } = pictureOf(yuv, width, height, { x: 0, y: 0, width, height });
  return { frame: { width, height, data }, yuv, faces: facesOf(index), index, seconds: stamps[index]! };
}
