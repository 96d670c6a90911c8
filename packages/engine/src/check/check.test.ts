import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CastParams } from "@smileloop/core/engine/services.ts";
import type { ErrorCode } from "@smileloop/core/errors.ts";
import { type Channel, sampleMotion } from "@smileloop/core/motion/motion.ts";
import { loadPresets, presetMotion } from "@smileloop/core/motion/preset.ts";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toldOf } from "../../../../test/support/asked.ts";
import { twoFaces } from "../../../../test/support/pictures.ts";
import { markOrder, provenance } from "../../../../test/support/provenance.ts";
import { animate } from "../warp/animate.ts";
import { check } from "./check.ts";

const fixture = (name: string) => fileURLToPath(new URL(`../../../../test/fixtures/${name}`, import.meta.url));
const HOPPER = fixture("grace_hopper.jpg");
const ASTRONAUT = fixture("astronaut.jpg");
const presets = loadPresets(fileURLToPath(new URL("../../../../presets", import.meta.url)));
const context = { signal: new AbortController().signal, progress() {} };
const dir = mkdtempSync(join(tmpdir(), "smileloop-check-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

type Asked = Partial<CastParams> & { image?: string; preset?: string; intensity?: number; durationSeconds?: number };

/** What is asked of a clip; what is rendered and what is checked may differ in it. */
function asked(what: Asked) {
  const { image = HOPPER, preset = "gentle_smile", intensity = 1, durationSeconds = 3, size = 256, face = 0 } = what;
  const motion = presetMotion(presets.get(preset)!);
  return toldOf({
    image,
    size,
    face,
    intensity,
    motion: sampleMotion(motion, { fps: 25, durationSeconds, intensity }),
  });
}

async function render(name: string, what: Asked): Promise<string> {
  const video = join(dir, `${name}.mp4`);
  const { run } = await asked(what);
  await animate({ type: "run", run: name, ...run, outputs: { video }, provenance }, context);
  return video;
}

async function judged(video: string, what: Asked = {}) {
  return check({ type: "check", run: "check", files: { video }, ...(await asked(what)).check }, context);
}

async function codeOf(file: string, what: Asked = {}): Promise<ErrorCode | "passed"> {
  return judged(file, what).then(
    () => "passed",
    (error) => error.code,
  );
}

type Curves = Partial<Record<Channel, number[]>>;
const hump = (name: Channel, size: number): Curves => ({
  [name]: Array.from({ length: 50 }, (_, i) => size * Math.sin((Math.PI * i) / 49) ** 2),
});

describe("check", () => {
  const clips: Record<"gentle" | "big" | "blink" | "alive" | "still", string> = {
    gentle: "",
    big: "",
    blink: "",
    alive: "",
    still: "",
  };
  beforeAll(async () => {
    clips.gentle = await render("gentle", {});
    clips.big = await render("big", { preset: "big_smile" });
    clips.blink = await render("blink", { preset: "blink" });
    clips.alive = await render("alive", { preset: "alive", durationSeconds: 5 });
    clips.still = await render("still", { intensity: 0 });
  });

  test("lets a clip pass that is what was asked for, and says what it is", async () => {
    const { video } = await judged(clips.gentle);
    expect(video).toMatchObject({ width: 256, height: 256, frames: 75, fps: 25, duration: 3 });
    expect(video.bytes).toBe(readFileSync(clips.gentle).length);
    expect(await codeOf(clips.big, { preset: "big_smile" })).toBe("passed");
    expect(await codeOf(clips.blink, { preset: "blink" })).toBe("passed");
    expect(await codeOf(clips.alive, { preset: "alive", durationSeconds: 5 })).toBe("passed");
  });

  test("a still clip is refused, unless next to no motion was asked for", async () => {
    expect(await codeOf(clips.still)).toBe("check_still");
    expect(await codeOf(clips.still, { preset: "blink" })).toBe("check_still");
    expect(await codeOf(clips.still, { intensity: 0.05 })).toBe("passed");
  });

  test("another number of frames, another size or another rate is refused", async () => {
    const short = await render("short", { durationSeconds: 74 / 25 });
    expect(await codeOf(short)).toBe("check_wrong_shape");
    expect(await codeOf(clips.gentle, { size: 512 })).toBe("check_wrong_shape");
    const { check: told } = await asked({});
    const faster = { ...told, motion: { ...told.motion, fps: 30 }, files: { video: clips.gentle } };
    await expect(check({ type: "check", run: "check", ...faster }, context)).rejects.toMatchObject({
      code: "check_wrong_shape",
    });
  });

  test("another face is refused, even where no motion is asked for", async () => {
    const other = await render("other", { image: ASTRONAUT });
    expect(await codeOf(other)).toBe("check_other_face");
    expect(await codeOf(other, { intensity: 0.05 })).toBe("check_other_face");
    expect(await codeOf(clips.gentle, { image: ASTRONAUT })).toBe("check_other_face");
  });

  test("another motion is refused", async () => {
    expect(await codeOf(clips.blink)).toBe("check_other_motion");
    expect(await codeOf(clips.gentle, { preset: "blink" })).toBe("check_other_motion");
    expect(await codeOf(clips.big, { preset: "blink" })).toBe("check_other_motion");
    expect(await codeOf(clips.blink, { preset: "big_smile" })).toBe("check_other_motion");
    const long = await render("long", { durationSeconds: 5 });
    expect(await codeOf(long, { preset: "alive", durationSeconds: 5 })).toBe("check_other_motion");
    expect(await codeOf(clips.alive, { durationSeconds: 5 })).toBe("check_other_motion");
  });

  test.each(["nod", "wink", "kiss"])("%s passes, and a smile in its place is refused", async (preset) => {
    const wanted = { preset, durationSeconds: 3 };
    expect(await codeOf(await render(preset, wanted), wanted)).toBe("passed");
    expect(await codeOf(clips.gentle, wanted)).toBe("check_other_motion");
  });

  /** Checks a clip of 2 s in which `shown` moves by what `wanted` asks. */
  async function warningsOf(shown: Curves, wanted = shown) {
    const told = (channels: Curves) =>
      toldOf({ image: HOPPER, size: 256, motion: { fps: 25, frames: 50, faces: [{ channels }] } });
    const video = join(dir, "shown.mp4");
    await animate({ type: "run", run: "1", ...(await told(shown)).run, outputs: { video }, provenance }, context);
    const request = { type: "check" as const, run: "check", files: { video }, ...(await told(wanted)).check };
    return (await check(request, context)).warnings;
  }
  const smile = { ...hump("mouthSmileLeft", 0.98), ...hump("mouthSmileRight", 0.98) };

  test("a movement that comes out weaker than asked is a warning with its figures", async () => {
    expect(await warningsOf({ ...smile, ...hump("headRoll", 9) })).toEqual([]);
    const [weak, ...rest] = await warningsOf(
      { ...smile, ...hump("headRoll", 1.5) },
      { ...smile, ...hump("headRoll", 9) },
    );
    expect(rest).toEqual([]);
    expect(weak!.code).toBe("motion_weak");
    expect(weak!.detail).toMatch(/^The head tilts less than asked: [12]° of 9° at \d\.\d s\.$/);
  });

  test.each<[Channel, number]>([
    ["headX", 0.1],
    ["scale", 0.12],
  ])("half of what is asked of %s is a warning with its figures, all of it is none", async (channel, size) => {
    expect(await warningsOf(hump(channel, size))).toEqual([]);
    const [weak, ...rest] = await warningsOf(hump(channel, size / 2), hump(channel, size));
    expect(rest).toEqual([]);
    expect(weak).toMatchObject({
      code: "motion_weak",
      detail: expect.stringMatching(/^The (motion is weaker|head \w+.* less) than asked: .*\d.*\.$/),
    });
  });

  test("lips that purse while they smile are what was asked for, and no weakness", async () => {
    expect(await warningsOf({ ...smile, ...hump("mouthPucker", 0.75) })).toEqual([]);
  });

  test("a nod of 7 degrees is not missed", async () => {
    expect(await warningsOf(hump("headPitch", -7.1))).toEqual([]);
  });

  test("a face that the edge of the picture cuts is known again, however small the video", async () => {
    const image = join(dir, "cut.jpg");
    await sharp(HOPPER).extract({ left: 0, top: 0, width: 512, height: 262 }).jpeg({ quality: 92 }).toFile(image);
    const cut = { image, preset: "big_smile", durationSeconds: 2 };
    expect(await codeOf(await render("cut", cut), cut)).toBe("passed");
  });

  test("a file that is cut off or is no video is refused", async () => {
    const bytes = readFileSync(clips.gentle);
    const cut = join(dir, "cut.mp4");
    writeFileSync(cut, bytes.subarray(0, bytes.length >> 1));
    expect(await codeOf(cut)).toMatch(/^check_(unreadable|wrong_shape)$/);
    const garbage = join(dir, "garbage.mp4");
    writeFileSync(garbage, "no video at all");
    expect(await codeOf(garbage)).toBe("check_unreadable");
    expect(await codeOf(join(dir, "missing.mp4"))).toBe("check_unreadable");
  });

  test("a clip without a face is refused", async () => {
    const { openVideoWriter } = await import("../media/video-writer.ts");
    const path = join(dir, "grey.mp4");
    const writer = await openVideoWriter({ path, width: 256, height: 256, fps: 25, provenance });
    for (let frame = 0; frame < 75; frame++) await writer.write(new Uint8Array(256 * 256 * 1.5).fill(128));
    await writer.close();
    expect(await codeOf(path)).toBe("check_no_face");
  });

  test("a clip without the mark that was ordered, or with that of another job, is refused", async () => {
    const { run, check: told } = await asked({ size: 512, durationSeconds: 2 });
    const [ordered, other] = [markOrder(1), markOrder(2)];
    const codeWith = async (mark: typeof ordered | null): Promise<string> => {
      const video = join(dir, "marked.mp4");
      const drawn = { ...provenance, mark };
      await animate({ type: "run", run: "1", ...run, outputs: { video }, provenance: drawn }, context);
      return check({ type: "check", run: "1", files: { video }, ...told, mark: ordered }, context).then(
        () => "passed",
        (error) => error.code,
      );
    };
    expect(await codeWith(ordered)).toBe("passed");
    expect(await codeWith(null)).toBe("marking_failed");
    expect(await codeWith(other)).toBe("marking_failed");
  });

  test("of two faces each is looked at, and the one that does not move is named", async () => {
    const image = join(dir, "two.jpg");
    writeFileSync(image, await twoFaces());
    const two = { image, preset: "big_smile", durationSeconds: 2, size: "source", face: "all" } as const;
    const both = await render("both", two);
    expect(await codeOf(both, two)).toBe("passed");
    const video = join(dir, "one.mp4");
    const { run } = await asked(two);
    const onlyFirst = { ...run.motion, faces: [run.motion.faces[0]!, { channels: {} }] };
    await animate({ type: "run", run: "1", ...run, motion: onlyFirst, outputs: { video }, provenance }, context);
    await expect(judged(video, two)).rejects.toMatchObject({
      code: "check_still",
      message: "Nothing moves in the finished video (face 1).",
    });
  });

  test("a cast of another picture, and a motion without curves for a mover, are refused", async () => {
    const { check: told } = await asked({});
    const request = { type: "check" as const, run: "check", files: { video: clips.gentle }, ...told };
    const { cast: other } = (await asked({ image: ASTRONAUT })).check;
    await expect(check({ ...request, cast: other }, context)).rejects.toMatchObject({ code: "invalid_request" });
    const two = { ...told.cast, movers: [told.cast.movers[0]!, told.cast.movers[0]!] };
    await expect(check({ ...request, cast: two }, context)).rejects.toMatchObject({ code: "invalid_request" });
  });
});
