/** A step of faces on one picture, as the product takes it. */
import type { Warning } from "@smileloop/core/errors.ts";
import { type Face, findFaces } from "@smileloop/engine/face/face.ts";
import { isFree } from "@smileloop/engine/faces/clear.ts";
import type { Clip, RgbFrame, Scene } from "@smileloop/engine/faces/processor.ts";
import { faceSwapper } from "@smileloop/engine/faces/swap/swapper.ts";
import type { Picture } from "@smileloop/engine/media/picture.ts";

export type Swapped = {
  frame: RgbFrame;
  faces: Face[];
  warnings: Warning[];
  left: readonly Warning[];
  changed: unknown;
};

/** The largest face of `source` on the `most` largest of `target`, which is left as it is. Throws what the step throws. */
export async function swapped(source: Picture, target: Picture, most = 1): Promise<Swapped> {
  const faces = (await findFaces(target)).slice(0, most);
  const scene = await sceneOf(target, faces);
  const clip: Clip = {
    ...{ width: target.width, height: target.height, frames: 1, fps: 1, scale: 100 },
    sceneAt: async () => scene,
  };
  const { signal } = new AbortController();
  const step = { name: "face_swapper" } as const;
  const prepared = await faceSwapper.prepare(step, clip, { pictures: [source], speech: null }, { signal });
  const { frame, left, changed } = await prepared.apply(scene);
  prepared.free?.();
  return { frame, faces, warnings: [...prepared.warnings], left, changed };
}

export async function sceneOf(picture: Picture, faces: Face[], index = 0): Promise<Scene> {
  const { width, height, data } = picture;
  const seen = await Promise.all(
    faces.map(async (face, track) => ({ ...face, track, clear: await isFree(picture, face) })),
  );
  return { frame: { width, height, data: new Uint8Array(data) }, faces: seen, index, seconds: index / 25 };
}
