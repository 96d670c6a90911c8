import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TalkRun } from "@smileloop/core/engine/tasks/talk.ts";
import type { MarkOrder } from "@smileloop/core/marking/mark.ts";
import type { Channel, MotionFrames } from "@smileloop/core/motion/motion.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toldOf } from "../../../../test/support/asked.ts";
import { markOrder, provenance } from "../../../../test/support/provenance.ts";
import { wavOf } from "../../../../test/support/sounds.ts";
import { animate } from "../warp/animate.ts";
import { talk } from "../warp/talk.ts";
import { checkTalk } from "./talk.ts";

const fixture = (name: string) => fileURLToPath(new URL(`../../../../test/fixtures/${name}`, import.meta.url));
const HOPPER = fixture("grace_hopper.jpg");
const context = { signal: new AbortController().signal, progress() {} };
const dir = mkdtempSync(join(tmpdir(), "smileloop-check-talk-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const FPS = 25;
const SECONDS = 4;
/** Syllables of unequal strength and length, a pause of a second, and shut lips between the words. */
const OPENINGS: [at: number, width: number, size: number][] = [
  ...([
    [0.3, 0.12, 0.5],
    [0.55, 0.1, 0.3],
    [0.9, 0.14, 0.65],
    [1.25, 0.11, 0.35],
  ] as const),
  ...([
    [2.45, 0.13, 0.6],
    [2.75, 0.1, 0.25],
    [3.1, 0.14, 0.5],
    [3.5, 0.12, 0.4],
  ] as const),
].map(([at, width, size]) => [at, width, size]);

function jawAt(seconds: number): number {
  return OPENINGS.reduce((sum, [at, width, size]) => sum + size * Math.exp(-(((seconds - at) / width) ** 2) * 2), 0);
}

function speech(jaw = jawAt): MotionFrames {
  const jawOpen = Array.from({ length: SECONDS * FPS }, (_, frame) =>
    frame === 0 ? 0 : Math.min(1, jaw(frame / FPS)),
  );
  return { fps: FPS, frames: SECONDS * FPS, faces: [{ channels: { jawOpen } as Partial<Record<Channel, number[]>> }] };
}

/** A hum with the loudness of the syllables, on faint hiss. */
function voice(): Float32Array {
  let noise = 1;
  return Float32Array.from({ length: SECONDS * 48_000 }, (_, i) => {
    const t = i / 48_000;
    noise = (noise * 48271) % 0x7fffffff;
    const harmonics = [1, 2, 3, 5, 8].reduce((sum, n) => sum + Math.sin(2 * Math.PI * n * 140 * t + n * n) / n, 0);
    return (
      0.25 * Math.min(1, 2 * jawAt(t)) * harmonics * (1 + 0.3 * (noise / 0x7fffffff)) +
      (noise / 0x7fffffff - 0.5) * 1e-3
    );
  });
}

let files = 0;
function wav(samples: Float32Array): { path: string; type: string } {
  const path = join(dir, `${++files}.wav`);
  writeFileSync(path, wavOf([samples], 48_000));
  return { path, type: "audio/wav" };
}

type Asked = {
  motion?: MotionFrames;
  sound?: { path: string; type: string };
  image?: string;
  ending?: string;
  size?: number;
  mark?: MarkOrder | null;
};
let given: { path: string; type: string };
beforeAll(() => {
  given = wav(voice());
});

async function requestFor({
  motion = speech(),
  sound = given,
  image = HOPPER,
  ending = "mp4",
  size = 256,
  mark = null,
}: Asked): Promise<TalkRun> {
  const { run } = await toldOf({ image, motion, size });
  const { cast, inputs } = run;
  const path = join(dir, `${++files}.${ending}`);
  return {
    ...{ type: "run", run: "r", kind: "talk", cast, motion: run.motion, params: { seed: 1 } },
    provenance: { ...provenance, mark },
    inputs: { ...inputs, audio: [sound] },
    outputs: { video: path, poster: { path: `${path}.jpg`, frame: 20 } },
  };
}

async function rendered(asked: Asked = {}): Promise<TalkRun> {
  const request = await requestFor(asked);
  await talk(request, context);
  return request;
}

/** What the check says of a video when this was asked for. */
async function judged(made: TalkRun, asked: Asked = {}) {
  const { kind, cast, motion, inputs, provenance: due } = await requestFor(asked);
  const task = { kind, cast, motion, inputs, files: made.outputs, params: { speechShare: 0.7 }, mark: due.mark };
  return checkTalk({ type: "check", run: "c", ...task }, context);
}

const codeOf = (made: TalkRun, asked?: Asked) =>
  judged(made, asked).then(
    () => "passed",
    (error) => `${error.code}: ${error.message}`,
  );

describe("the check of a video of somebody who speaks", () => {
  let good: TalkRun;
  beforeAll(async () => {
    good = await rendered();
  });

  test("lets pass what was asked for, and says what it is", async () => {
    const { video, poster, warnings } = await judged(good);
    expect(video).toMatchObject({ width: 256, height: 256, fps: FPS, frames: 100, duration: SECONDS });
    expect(video.audio).toEqual({ codec: "aac", channels: 1, sample_rate: 48_000 });
    expect(poster).toMatchObject({ width: 256, height: 256 });
    expect(warnings).toEqual([]);
  });

  test("lets a WebM pass", async () => {
    const { video } = await judged(await rendered({ ending: "webm" }));
    expect(video).toMatchObject({ frames: 100, audio: { codec: "opus", channels: 1, sample_rate: 48_000 } });
  });

  test("refuses a video without the mark that was ordered, or with that of another job", async () => {
    const asked = { size: 512, mark: markOrder(1) };
    expect(await codeOf(await rendered(asked), asked)).toBe("passed");
    for (const mark of [null, markOrder(2)]) {
      expect(await codeOf(await rendered({ ...asked, mark }), asked)).toMatch(/^marking_failed: /);
    }
  });

  test("refuses a video without sound, and one that is not as long as its sound", async () => {
    const silent = await requestFor({});
    const inputs = { image: silent.inputs.image };
    await animate({ ...silent, kind: "animate", inputs, params: { seed: 1, intensity: 1 } }, context);
    expect(await codeOf(silent)).toMatch(/^check_out_of_sync: .*has no sound/);
    const long = new Float32Array(5 * 48_000);
    long.set(voice());
    expect(await codeOf(good, { sound: wav(long) })).toMatch(/^check_wrong_shape: .*lasts 4\.00 s, its sound 5\.00 s/);
  });

  test("refuses a mouth that stays still, moves at another time, or says something else", async () => {
    expect(await codeOf(await rendered({ motion: speech(() => 0) }))).toMatch(/^check_still/);
    expect(await codeOf(await rendered({ motion: speech((t) => jawAt(t - 0.2)) }))).toMatch(
      /^check_out_of_sync: The lips .* 200 ms too late/,
    );
    const other = (t: number) => 0.45 - jawAt(t);
    expect(await codeOf(await rendered({ motion: speech((t) => Math.max(0, other(t))) }))).toMatch(
      /^check_other_motion/,
    );
  });

  test("warns of lips that move less than asked", async () => {
    const { warnings } = await judged(await rendered({ motion: speech((t) => 0.25 * jawAt(t)) }));
    expect(warnings).toMatchObject([
      { code: "lips_weak", detail: expect.stringMatching(/about \d+ % of it/) as string },
    ]);
  });

  test("refuses another face", async () => {
    expect(await codeOf(good, { image: fixture("astronaut.jpg") })).toMatch(/^check_(other_face|wrong_shape)/);
  });

  test("of a sound that is no speech no lips are asked", async () => {
    const still = speech(() => 0);
    const made = await rendered({ motion: still });
    expect(await codeOf(made, { motion: still })).toBe("passed");
  });
});
