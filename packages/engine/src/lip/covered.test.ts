/** A hand and a microphone that come before the mouth of somebody who speaks. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Sync, shownAt } from "@smileloop/core/speech/sync.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { provenance } from "../../../../test/support/provenance.ts";
import { BOBBY, CHEF } from "../../../../test/support/spoken.ts";
import {
  drawEllipse,
  filmOf,
  framesIn,
  type Pixels,
  type TalkingFilm,
  talkingFilm,
} from "../../../../test/support/talking-film.ts";
import { checkLipsync } from "../check/lipsync.ts";
import { type Followed, followFace } from "./follow.ts";
import { lipsync } from "./lipsync.ts";
import type { Look } from "./look.ts";
import { inFrame, unitOf } from "./place.ts";

const HOPPER = fileURLToPath(new URL("../../../../test/fixtures/grace_hopper.jpg", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "smileloop-covered-"));
afterAll(() => rmSync(dir, { recursive: true }));
const signal = new AbortController().signal;
const context = { signal, progress() {} };
const FPS = 25;

let film: TalkingFilm;
let frames: Pixels[] = [];
let clean: Followed;
const follow = (path: string) => followFace(path, { face: 0, maxSeconds: 20, signal, progress() {} });
beforeAll(async () => {
  film = await talkingFilm(join(dir, "hopper.mp4"), HOPPER, `${BOBBY} ${CHEF}`);
  frames = await framesIn(film.path);
  clean = await follow(film.path);
});

type Cover = (frame: Pixels, look: Look, away: number) => void;

/** A palm with shadows between its fingers, as light as the cheek, that comes from below; `away`: how far it still is, E. */
const hand: Cover = (frame, look, away) => {
  const unit = unitOf(look.place);
  const [mouth, cheek] = [inFrame(look.place, look.mouth), inFrame(look.place, { x: 0.28, y: 0.35 })];
  const { yuv, width, height } = frame;
  const [x, y] = [Math.round(cheek.x), Math.round(cheek.y)];
  const at = width * height + (y >> 1) * (width >> 1) + (x >> 1);
  const light = yuv[y * width + x]!;
  const place = { x: mouth.x, y: mouth.y + (0.05 + away) * unit, across: 0.55 * unit, down: 0.42 * unit };
  const gapAt = (u: number) => 18 * Math.exp(-((((2 * u + 2) % 1) - 0.5) ** 2) / 0.0144);
  const shade = (u: number, v: number) => light - gapAt(u) - 15 * u * u - 10 * v;
  drawEllipse(frame, place, shade, [yuv[at]!, yuv[at + (width * height) / 4]!]);
};
/** Dark, with a grille, from the side. */
const microphone: Cover = (frame, look, away) => {
  const unit = unitOf(look.place);
  const { x, y } = inFrame(look.place, look.mouth);
  const place = { x: x + (0.05 + away) * unit, y: y + 0.1 * unit, across: 0.24 * unit, down: 0.26 * unit };
  drawEllipse(frame, place, (u, v) => 45 + 8 * Math.sin(30 * u) * Math.sin(30 * v) - 20 * (u + v), [128, 128]);
};

/** Comes from 1.6 to 1.92 s, stays until 3.6 s, and is gone at 3.92 s; or is there all the time. */
async function covered(name: string, cover: Cover, always = false): Promise<string> {
  const awayAt = (n: number) => (always ? 0 : Math.max(0, 2 * ((48 - n) / 8), 2 * ((n - 90) / 8)));
  const drawn = frames.map((frame, n) => {
    const copy = { ...frame, yuv: frame.yuv.slice() };
    if (awayAt(n) <= 2) cover(copy, clean.looks[n]!, awayAt(n));
    return copy;
  });
  const path = join(dir, `${name}.mp4`);
  await filmOf(path, drawn, film.sound);
  return path;
}

test("of a face that nothing covers no frame is taken for covered", () => {
  expect(clean.looks).not.toContain(null);
  expect(clean.covered).not.toContain(true);
});

describe.each<[string, Cover]>([
  ["hand", hand],
  ["microphone", microphone],
])("behind a %s", (name, cover) => {
  let path = "";
  beforeAll(async () => {
    path = await covered(name, cover);
  });

  test("the mouth is found to be covered while it is, and not otherwise", async () => {
    const { covered: found } = await follow(path);
    expect(found!.slice(48, 91)).not.toContain(false);
    expect([...found!.slice(0, 42), ...found!.slice(98)]).not.toContain(true);
  });

  test("the frames stay as they are, the seconds are told, and the check accepts it", async () => {
    // what was said is said again, half a second later
    const jaw = film.motion.faces[0]!.channels;
    const later = Object.fromEntries(
      Object.entries(jaw).map(([channel, values]) => [
        channel,
        values.map((_, n) => values[(n + values.length - 12) % values.length]!),
      ]),
    );
    const motion = { ...film.motion, faces: [{ channels: later }] };
    const sync: Sync = { mode: "cut_off", video: film.seconds, sound: film.seconds };
    const made = join(dir, `${name}-made.mp4`);
    const inputs = { video: [{ path, type: "video/mp4" }], audio: [{ path: film.sound, type: "audio/wav" }] };
    const asked = { kind: "lipsync" as const, inputs, motion, params: { sync, face: 0 } };
    const { warnings } = await lipsync(
      { type: "run", run: "r", ...asked, outputs: { video: made }, provenance },
      context,
    );
    expect(warnings).toMatchObject([{ code: "mouth_covered" }]);
    expect(warnings[0]!.detail).toMatch(/before the mouth, so .*: 1\.[78]–[\d., s–]*3\.[678] s\.$/);

    const [before, after] = [await framesIn(path), await framesIn(made)];
    const differenceAt = (n: number) => differenceOf(before[Math.round(shownAt(sync, n / FPS) * FPS)]!, after[n]!, n);
    // encoding leaves some
    for (let n = 50; n < 89; n += 4) expect(differenceAt(n)).toBeLessThan(3);
    const spoken = Array.from({ length: 30 }, (_, i) => differenceAt(8 + i));
    expect(Math.max(...spoken)).toBeGreaterThan(6);

    const judged = { ...asked, params: { ...asked.params, speechShare: 0.6 }, files: { video: made } };
    await expect(checkLipsync({ type: "check", run: "c", ...judged }, context)).resolves.toBeDefined();
  });
});

test("a mouth that is covered throughout is refused", async () => {
  const path = await covered("always", hand, true);
  await expect(follow(path)).rejects.toMatchObject({ code: "mouth_not_seen", message: /covered throughout/ });
});

/** Mean difference of the brightness around the mouth, levels. */
function differenceOf(a: Pixels, b: Pixels, n: number): number {
  const { place, mouth } = clean.looks[n]!;
  const { x, y } = inFrame(place, mouth);
  const reach = Math.round(0.25 * unitOf(place));
  let [sum, count] = [0, 0];
  for (let row = Math.round(y) - reach; row <= y + reach; row++) {
    for (let column = Math.round(x) - reach; column <= x + reach; column++, count++) {
      sum += Math.abs(a.yuv[row * a.width + column]! - b.yuv[row * a.width + column]!);
    }
  }
  return sum / count;
}
