/**
 * The face of the source on faces of the target, without a network that invents one: the source's skin on the target's mesh, in the
 * target's light, with its expression and gaze. What is not the face (hair, glasses, hands, what is between the lips) stays the target's.
 */
import { AppError, blaming, type Warning } from "@smileloop/core/errors.ts";
import { findFaces } from "../../face/face.ts";
import type { Face } from "../../face/types.ts";
import type { Picture } from "../../media/picture.ts";
import { toLuma } from "../../media/planes.ts";
import type { Box } from "../../media/yuv.ts";
import { findGlasses } from "../../warp/eyes/glasses.ts";
import { createHead } from "../../warp/head/head.ts";
import { isFree } from "../clear.ts";
import type { Processor, RgbFrame, SceneFace, Sources } from "../processor.ts";
import { outOfReach, requireSource, weaknesses } from "./limits.ts";
import { overLip } from "./moustache.ts";
import { type Source, sourceOf, steadied } from "./source.ts";
import { type Before, swapFace } from "./swap.ts";

/**
 * Warns `quality_limited:<why>` (source_turned, turned_apart, source_small, source_glasses, target_glasses, target_moustache, source_mouth_open, source_shaded). Throws
 * `no_face`, `face_too_small`, `face_turned_away`, `face_not_clear` of the source. Of a picture whose faces are all beyond the limits
 * `prepare` throws why; a frame of a video leaves them, with the same codes and `face_not_clear`.
 */
export const faceSwapper: Processor<"face_swapper"> = {
  name: "face_swapper",
  quality: "classical",
  unused: {
    model: "the face is laid on without a network, so there is no choice of models",
    weight: "without a network the source's face is laid on in full, with the target's expression",
    pixel_boost: "the face is drawn at the target's own resolution",
  },
  async prepare(_step, clip, sources, { signal }) {
    const scene = await clip.sceneAt(0);
    signal.throwIfAborted();
    const source = await blaming("source", readSource(sources, scene.faces[0]));
    const faces = scene.faces.map((face) => ({ face, fault: faultOf(face, source) }));
    const fault = faces[0]?.fault;
    if (clip.frames === 1 && fault && faces.every((each) => each.fault)) throw fault;
    const targets = faces.filter((each) => !each.fault).map(({ face }) => ({ face, ...wornOn(scene.frame, face) }));
    const several = sources.pictures.length;
    const tracks = new Map<number, Before>();
    return {
      warnings: [...weaknesses(source.value, targets), ...(several > 1 ? [chosenOf(source, several)] : [])],
      async apply({ frame, faces: seen, index }) {
        let changed: Box | null = null;
        const left: Warning[] = [];
        for (const face of seen) {
          signal.throwIfAborted();
          const why = faultOf(face, source);
          if (why) {
            tracks.delete(face.track);
            left.push({ code: why.code, detail: why.message });
            continue;
          }
          const before = tracks.get(face.track);
          const follows = before?.index === index - 1 ? before : undefined;
          const exact = clip.frames === 1 ? await steadied(asPicture(frame), face) : face;
          const { after, box } = await swapFace(frame, exact, { source: source.value, index, before: follows });
          tracks.set(face.track, after);
          changed = changed ? around(changed, box) : box;
        }
        // a new object: what was kept of the old one's pixels no longer holds
        return { frame: changed ? { ...frame } : frame, changed, left };
      },
    };
  },
};

const NO_FACE = "No face was found in the source. Use a picture in which one is well lit and looks towards the camera.";

/** `unfit`: why others of several pictures cannot be used. */
type Chosen = { value: Source; number: number; unfit: string[] };

function faultOf(face: SceneFace, { value }: Chosen): AppError | null {
  if (!face.clear) {
    const detail = "The face of the target is not seen clearly enough to be swapped: covered, cut off or blurred.";
    return new AppError("face_not_clear", detail, { input: "target" });
  }
  return outOfReach(face, value.face);
}

/** Of several pictures the one that looks most nearly where the target does. */
async function readSource({ pictures }: Sources, target: Face | undefined): Promise<Chosen> {
  const read: { picture: Picture; face: Face; number: number; apart: number }[] = [];
  const faults: { number: number; error: AppError }[] = [];
  for (const [number, picture] of pictures.entries()) {
    try {
      const face = (await findFaces(picture))[0];
      if (!face) throw new AppError("no_face", NO_FACE);
      requireSource(face);
      if (!(await isFree(picture, face))) {
        const detail = "The face of the source is not seen clearly: covered, cut off, blurred, or not a person's.";
        throw new AppError("face_not_clear", `${detail} Use a sharp picture of a person with the whole face free.`);
      }
      const apart = target ? Math.hypot(face.yaw - target.yaw, face.pitch - target.pitch) : 0;
      read.push({ picture, face, number, apart });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      faults.push({ number, error });
    }
  }
  const best = read.sort((a, b) => a.apart - b.apart)[0];
  if (!best) throw faults[0]?.error ?? new AppError("no_face", "The source has no picture. Send one with a face.");
  const unfit = faults.map(({ number, error }) => `Number ${number + 1} cannot be used: ${error.message}`);
  return { value: await sourceOf(best.picture, best.face), number: best.number, unfit };
}

function chosenOf({ number, unfit }: Chosen, count: number): Warning {
  const which = `Of ${count} pictures of the source, number ${number + 1} is used`;
  const why =
    unfit.length < count - 1 ? "it looks most nearly where the target does" : "it is the only one that can be";
  return { code: "source_chosen", detail: [`${which}: ${why}.`, ...unfit].join(" ") };
}

function asPicture({ width, height, data }: RgbFrame): Picture {
  return {
    width,
    height,
    data,
    fullWidth: width,
    fullHeight: height,
    region: { x: 0, y: 0, width, height },
    orientation: 1,
  };
}

function wornOn(frame: RgbFrame, face: Face): { unit: number; glasses: number; lip: number } {
  const head = createHead(face);
  const luma = { ...frame, y: toLuma(frame.data, frame.width, frame.height) };
  return { unit: head.unit, glasses: findGlasses(head, face, luma).score, lip: overLip(frame, face) };
}

function around(a: Box, b: Box): Box {
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  return {
    x,
    y,
    width: Math.max(a.x + a.width, b.x + b.width) - x,
    height: Math.max(a.y + a.height, b.y + b.height) - y,
  };
}
