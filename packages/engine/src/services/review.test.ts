import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineFile } from "@smileloop/core/engine/protocol.ts";
import { type ReviewRequest, reviewResultSchema } from "@smileloop/core/engine/review-service.ts";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cutout, writeFilm } from "../../../../test/support/films.ts";
import { ASTRONAUT, CAT, COFFEE, GRACE_HOPPER } from "../../../../test/support/pictures.ts";
import { refusesMagenta } from "../../../../test/support/refusing-host.ts";
import { review, reviewer } from "./review.ts";

const SIZE = { width: 96, height: 64 };
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "smileloop review "));
});
afterAll(() => rmSync(dir, { recursive: true }));

async function verdict(files: EngineFile[], { by = reviewer(refusesMagenta), seconds = 60 } = {}) {
  const request: ReviewRequest = { type: "review", run: "1", inputs: { files }, limits: { seconds } };
  return reviewResultSchema.parse(
    await by(request, { signal: new AbortController().signal, progress() {}, output() {} }),
  );
}

const picture = (path: string): EngineFile => ({ path, type: "image/png" });

async function magentaPicture(name: string, size: { width: number; height: number } = SIZE): Promise<EngineFile> {
  const path = join(dir, name);
  await sharp({ create: { ...size, channels: 3, background: "#ff00ff" } })
    .png()
    .toFile(path);
  return picture(path);
}

/** A grey video of 4 s, or as many frames; those in `refused` are magenta. */
async function film(name: string, refused: [from: number, to: number], frames = 100): Promise<EngineFile> {
  const data = await sharp({ create: { ...SIZE, channels: 3, background: "#ff00ff" } })
    .raw()
    .toBuffer();
  const magenta: Cutout = { ...SIZE, data };
  const path = join(dir, name);
  const show = (n: number) => (n >= refused[0] && n < refused[1] ? [{ picture: magenta, x: 0, y: 0 }] : []);
  await writeFilm({ path, ...SIZE, frames, show, ground: 30 });
  return { path, type: "video/mp4" };
}

test("the first file that is refused is named, with its class and without a score", async () => {
  const [harmless, refused] = [picture(GRACE_HOPPER), await magentaPicture("magenta.png")];
  expect(await verdict([harmless, refused, refused])).toMatchObject({ refused: { file: 1, class: "porn" } });
  expect(Object.keys(await verdict([refused]))).toEqual(["refused", "timings"]);
  expect((await verdict([harmless])).refused).toBeNull();
});

test("frame 37 alone, which no second begins with, is seen because a shot begins with it", async () => {
  expect(await verdict([await film("flash.mp4", [37, 38])])).toMatchObject({ refused: { file: 0, class: "porn" } });
  expect((await verdict([await film("grey.mp4", [0, 0])])).refused).toBeNull();
});

test("one flash in a long video is not enough, two seconds are; what lies beyond the limit is not looked at", async () => {
  expect((await verdict([await film("long.mp4", [437, 438], 600)])).refused).toBeNull();
  const end = await film("end.mp4", [500, 550], 600);
  expect((await verdict([end])).refused).not.toBeNull();
  expect((await verdict([end], { seconds: 15 })).refused).toBeNull();
});

test("what cannot be read is not waved through", async () => {
  const broken = verdict([{ path: GRACE_HOPPER, type: "video/mp4" }]);
  await expect(broken).rejects.toMatchObject({ code: "input_unreadable" });
});

test("the model refuses none of the sample pictures, nor faces, heads and busts cut out of them", async () => {
  const files: EngineFile[] = [];
  for (const [nth, path] of [ASTRONAUT, GRACE_HOPPER, CAT, COFFEE].entries()) {
    files.push(picture(path));
    const { width, height } = await sharp(path).metadata();
    for (const share of [0.3, 0.5, 0.8]) {
      const to = join(dir, `part-${nth}-${share}.png`);
      const [w, h] = [Math.round(width * share), Math.round(height * share)];
      await sharp(path)
        .extract({ left: Math.round((width - w) / 2), top: Math.round((height - h) / 3), width: w, height: h })
        .png()
        .toFile(to);
      files.push(picture(to));
    }
  }
  for (const file of files) expect((await verdict([file], { by: review })).refused, file.path).toBeNull();
});
