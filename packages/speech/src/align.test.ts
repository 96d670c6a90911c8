import { describe, expect, test } from "vitest";
import { BOBBY, CHEF, heardAs, spokenOf } from "../../../test/support/spoken.ts";
import { alignText } from "./align.ts";
import { shapesOf } from "./phones.ts";

const bobby = spokenOf(BOBBY);
const long = spokenOf(`${BOBBY} ${CHEF} ${BOBBY}`);

/** Seconds between where the closures of a sound are and where they were found. */
function misses(sound: typeof bobby, reference: typeof bobby, words?: { text: string; start: number; end: number }[]) {
  const { segments } = alignText({
    sound: heardAs(sound, sound.seconds, 0.55, 3),
    reference: heardAs(reference, reference.seconds, 0.3, 4),
    spoken: reference,
    ...(words && { words }),
  });
  const due = sound.phones.filter(({ phone }) => shapesOf(phone)[0] === "PP");
  const found = segments!.filter(({ viseme }) => viseme === "PP");
  expect(found).toHaveLength(due.length);
  return due.map(({ start, end }, nth) => Math.abs((found[nth]!.start + found[nth]!.end) / 2 - (start + end) / 2));
}

describe("a text is found in a sound", () => {
  test.each<[what: string, stretch: (nth: number) => number]>([
    ["that is spoken as it is", () => 1],
    ["that is slower", () => 1.5],
    ["that is faster", () => 0.7],
    ["that is uneven", (nth) => 1 + 0.35 * Math.sin(nth / 2)],
    ["with pauses elsewhere", (nth) => (nth === 0 ? 4 : nth === 21 ? 0.05 : 1)],
    ["with long pauses", (nth) => ([0, 21, 45].includes(nth) ? 3 : 1)],
  ])("%s", (_, stretch) => {
    expect(Math.max(...misses(spokenOf(`${BOBBY} ${CHEF} ${BOBBY}`, stretch), long))).toBeLessThan(0.04);
  });

  test("every moment of the sound has a shape, pauses are silence", () => {
    const { segments } = alignText({
      sound: heardAs(bobby, bobby.seconds),
      reference: heardAs(bobby, bobby.seconds),
      spoken: bobby,
    });
    let at = 0;
    for (const { start, end, sure } of segments!) {
      expect(start).toBeCloseTo(at, 6);
      expect(sure).toBeGreaterThan(0.5);
      at = end;
    }
    expect(at).toBeCloseTo(Math.floor(bobby.seconds * 100) / 100, 6);
    expect(segments!.filter(({ viseme, start, end }) => viseme === "sil" && end - start > 0.15)).toHaveLength(3);
  });
});

test("words that the voice told lead where the same is said again and again", () => {
  // nothing but the words tells one "ba" from the next
  const same = Array.from({ length: 30 }, () => "b 80 a 120").join(" ");
  const reference = { ...spokenOf(`_ 200 ${same} _ 200`), words: [] as { text: string; start: number; end: number }[] };
  const sound = spokenOf(`_ 200 ${same} _ 200`, (nth) => (nth < 16 ? 1.6 : 0.7));
  const wordsOf = ({ phones }: typeof bobby) =>
    phones
      .filter(({ phone }) => phone === "b")
      .map(({ start }, nth) => ({ text: `ba${nth}`, start, end: start + 0.1 }));
  reference.words = wordsOf(reference);
  expect(Math.max(...misses(sound, reference, wordsOf(sound)))).toBeLessThan(0.05);
});

describe("another text is refused", () => {
  const chef = spokenOf(CHEF);
  test.each([
    ["another sentence", bobby, chef],
    ["the same sounds in another order", spokenOf(`${CHEF} ${CHEF}`), long],
    ["nothing", bobby, { words: [], phones: [], seconds: 1 }],
  ])("%s", (_, sound, reference) => {
    const { segments, cost } = alignText({
      sound: heardAs(sound, sound.seconds, 0.4, 3),
      reference: heardAs(reference, reference.seconds, 0.3, 4),
      spoken: reference,
    });
    expect(segments).toBeNull();
    expect(cost).toBeGreaterThan(0.76);
  });
});
