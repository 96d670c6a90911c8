/** Prints of the test pictures: how far unlike ones are apart, and what one picture may go through and still be known. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { distance, LIKE_BITS, type Prints } from "@smileloop/core/blocked/prints.ts";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ASTRONAUT, GRACE_HOPPER } from "../../../../test/support/pictures.ts";
import { print } from "./print.ts";

const FOLDER = dirname(GRACE_HOPPER);
const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith(".jpg"));
const dir = mkdtempSync(join(tmpdir(), "smileloop print "));
const prints = new Map<string, Prints[]>();
beforeAll(async () => {
  for (const name of NAMES) prints.set(join(FOLDER, name), await printed(join(FOLDER, name)));
});
afterAll(() => rmSync(dir, { recursive: true }));

async function printed(path: string): Promise<Prints[]> {
  const files = [{ path, type: "image/jpeg" }];
  return (await print({ type: "print", run: "1", inputs: { files } }, { signal: new AbortController().signal }))
    .files[0]!;
}

const apart = (a: Prints, b: Prints) => Math.min(...a.prints.map((each) => distance(each, b.prints[0]!)));
const ofA = (of: Prints["of"], all: Prints[]) => all.filter((each) => each.of === of);

test("each picture has a print, and each portrait one of its face", () => {
  const counts = NAMES.map((name) => [name, ...prints.get(join(FOLDER, name))!.map(({ of }) => of)]);
  expect(counts).toEqual([
    ["agnew.jpg", "whole", "face"],
    ["astronaut.jpg", "whole", "face"],
    ["cat.jpg", "whole"],
    ["chanler.jpg", "whole", "face"],
    ["coffee.jpg", "whole"],
    ["grace_hopper.jpg", "whole", "face"],
  ]);
});

test.each(["whole", "face"] as const)(
  "unlike pictures (%s) are further apart than what counts as one, with room",
  (of) => {
    const all = [...prints.values()].map((each) => ofA(of, each));
    const pairs = all.flatMap((one, at) =>
      all.slice(at + 1).flatMap((other) => one.flatMap((a) => other.map((b) => apart(a, b)))),
    );
    expect(pairs.length).toBeGreaterThan(5);
    expect(Math.min(...pairs)).toBeGreaterThan(LIKE_BITS[of] * 1.4);
  },
);

const CHANGES: Record<string, (image: Sharp, width: number, height: number) => Sharp> = {
  "saved again with less quality": (image) => image.jpeg({ quality: 30 }),
  "half as large": (image, width) => image.resize(Math.round(width / 2)),
  brighter: (image) => image.linear(1.2, 15),
  grey: (image) => image.grayscale(),
  blurred: (image) => image.blur(2),
  mirrored: (image) => image.flop(),
  "upside down": (image) => image.rotate(180),
  "on its side": (image) => image.rotate(90),
};

test.each(Object.keys(CHANGES))("a picture that is %s is known", async (change) => {
  for (const path of [ASTRONAUT, GRACE_HOPPER]) {
    const [whole] = await changed(path, CHANGES[change]!);
    expect(apart(prints.get(path)![0]!, whole!)).toBeLessThanOrEqual(LIKE_BITS.whole);
  }
});

test.each([0.1, 0.2])("a picture that %d of each side was cut off of is known by its face", async (share) => {
  for (const path of [ASTRONAUT, GRACE_HOPPER]) {
    const cut = await changed(path, (image, width, height) => {
      const [left, top] = [Math.round((width * share) / 2), Math.round((height * share) / 2)];
      return image.extract({ left, top, width: width - 2 * left, height: height - 2 * top });
    });
    const [before] = ofA("face", prints.get(path)!);
    expect(apart(before!, ofA("face", cut)[0]!)).toBeLessThanOrEqual(LIKE_BITS.face);
  }
});

async function changed(path: string, change: (typeof CHANGES)[string]): Promise<Prints[]> {
  const { width, height } = await sharp(path).metadata();
  const to = join(dir, "changed.jpg");
  await change(sharp(path), width, height).toFormat("jpeg").toFile(to);
  return printed(to);
}
