/**
 * The whole frame made larger by a network that keeps edges sharp, where the result is to be larger than the target; else made clearer
 * where it is soft.
 */
import { AppError, type Warning } from "@smileloop/core/errors.ts";
import { scaledFace } from "../../face/scaled.ts";
import type { Applied, Clip, Prepared, Processor, RgbFrame, Scene } from "../processor.ts";
import { doubled } from "./double.ts";
import { netOf } from "./net.ts";
import { restored } from "./restore.ts";
import { CRISP, crispnessOfFrame, strengthFor } from "./softness.ts";
import { createRunner } from "./tiles.ts";
import { isCoded } from "./traces.ts";

/** Of what the network makes: pixels of a picture, the shorter side of a video in pixels, and seconds. A second of video takes a minute. */
export const MOST = { pixels: 16_777_216, lines: 2160, seconds: 30 };
/** Percent: sides of a video are even, so that what it is scaled to may be a little more or less than was asked for. */
const LARGER = 103;
const FOURFOLD = 395;
/** How much of the strength is this frame's own, so that a video does not flicker. */
const FRESH = 0.2;
const LEAST = 0.02;

/** Throws `input_too_large`. Codes of what is said: `no_effect`, `not_enlarged`, and of frames that are left `frame_crisp`. */
export const frameEnhancer: Processor<"frame_enhancer"> = {
  name: "frame_enhancer",
  quality: "classical",
  unused: { model: "the networks that come with it are used, chosen by `scale`" },
  async prepare({ blend }, clip, _sources, { signal }) {
    if (blend === 0) {
      const detail =
        "`blend` is 0, so that nothing of the clearer frame is shown: frames are as they were. It can be 1 to 100.";
      return {
        warnings: [{ code: "no_effect", detail }],
        apply: async ({ frame }) => ({ frame, changed: null, left: [] }),
      };
    }
    const times = clip.scale < LARGER ? 0 : clip.scale < FOURFOLD ? 1 : 2;
    requireRoom(clip, times);
    return times > 0 ? enlarging(times, blend / 100, signal) : clearing(clip, blend / 100, signal);
  },
};

/** `times`: how often each side is doubled. The house scales what comes out to the size that is asked for. */
function enlarging(times: number, blend: number, signal: AbortSignal): Prepared {
  let runner: ReturnType<typeof createRunner> | undefined;
  return {
    warnings: [],
    async apply({ frame, faces }: Scene): Promise<Applied> {
      // decided once, or the frames of a video would differ in their sharpness
      runner ??= createRunner(netOf(isCoded(frame) ? "doublingCoded" : "doubling"));
      let larger: RgbFrame = frame;
      for (let i = 0; i < times; i++) larger = await doubled(larger, { runner, blend, signal });
      const { width, height } = larger;
      const moved = () => faces.map((face) => scaledFace(face, { x: 0, y: 0, scale: 2 ** times }));
      return { frame: larger, faces: moved, changed: { x: 0, y: 0, width, height }, left: [] };
    },
  };
}

function clearing({ scale }: Clip, blend: number, signal: AbortSignal): Prepared {
  const runner = createRunner(netOf("restoring"));
  let strength: number | undefined;
  const detail = `At a scale of ${scale} % the size stays: frames are only made clearer, and only where they are soft. At 200 or more they become larger and sharper.`;
  return {
    warnings: [{ code: "not_enlarged", detail }],
    async apply({ frame }: Scene): Promise<Applied> {
      const crispness = crispnessOfFrame(frame);
      const now = strengthFor(crispness);
      strength = strength === undefined ? now : strength + FRESH * (now - strength);
      const share = strength * blend;
      if (share < LEAST) return { frame, changed: null, left: [crispFrame(crispness)] };
      const box = { x: 0, y: 0, width: frame.width, height: frame.height };
      return {
        frame: await restored(frame, runner, { box, scale: 1, share: () => share, signal }),
        changed: box,
        left: [],
      };
    },
  };
}

function crispFrame(crispness: number): Warning {
  const measured = Number.isFinite(crispness)
    ? ` (crispness ${crispness.toFixed(2)}; below ${CRISP} it is made clearer)`
    : "";
  return { code: "frame_crisp", detail: `The frame is crisp already and was left unchanged${measured}.` };
}

function requireRoom({ width, height, frames, fps }: Clip, times: number): void {
  const [wide, high] = [width << times, height << times];
  const beyond = (what: string, most: string): never => {
    const smaller = times > 0 ? "Use a smaller scale or a smaller target" : "Use a smaller target";
    throw new AppError(
      "input_too_large",
      `\`frame_enhancer\` would work on ${what}; at most ${most} can be done here. ${smaller}.`,
    );
  };
  if (frames === 1) {
    if (wide * high > MOST.pixels)
      beyond(`${wide} × ${high} pixels, ${megapixels(wide * high)} megapixels`, `${megapixels(MOST.pixels)}`);
    return;
  }
  if (Math.min(wide, high) > MOST.lines)
    beyond(`frames of ${wide} × ${high} pixels`, `${MOST.lines} on the shorter side of a video`);
  if (frames / fps > MOST.seconds) beyond(`${(frames / fps).toFixed(1)} seconds of video`, `${MOST.seconds} seconds`);
}

function megapixels(pixels: number): string {
  return (pixels / 1e6).toFixed(1);
}
