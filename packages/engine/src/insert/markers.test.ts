import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SurveyRun } from "@smileloop/core/engine/tasks/survey.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sayTimed, spokenSound } from "../../../../test/support/personalized.ts";
import { createDecimator } from "../media/decimate.ts";
import { levelMeter } from "./levels.ts";
import { placesOfMarkers } from "./markers.ts";

const dir = mkdtempSync(join(tmpdir(), "smileloop-markers-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const FIRST = "Hello Jonathan, how are you today?";
const SECOND = "Come and visit us in Barcelona next week.";
const PARAMS = {
  place: "markers",
  name_position: "start",
  silence_db: -30,
  silence_seconds: 0.3,
  face: 0,
  copies: false,
} as const;

let sound: Float32Array;
let at: { from: number; to: number }[];
beforeAll(async () => {
  sound = await spokenSound(dir, {
    seconds: 7,
    sentences: [
      [0.5, FIRST],
      [3.5, SECOND],
    ],
  });
  // the voice of the video, whose own times are what is to be found
  at = [];
  for (const [nth, [text, word, start]] of (
    [
      [FIRST, "Jonathan", 0.5],
      [SECOND, "Barcelona", 3.5],
    ] as const
  ).entries()) {
    const said = await sayTimed(dir, `own-${nth}`, text, "slt");
    const { start: from, end: to } = said.words.find((each) => each.text === word)!;
    at.push({ from: start + from - said.skipped, to: start + to - said.skipped });
  }
});

function find(params: Partial<SurveyRun["params"]>, more: Pick<SurveyRun, "text" | "said">) {
  const decimator = createDecimator();
  const voice = Float32Array.from([...decimator.add(sound), ...decimator.end()]);
  const meter = levelMeter();
  meter.add([sound]);
  const asked = { params: { ...PARAMS, markers: [], ...params }, ...more };
  // what a request has, and no more
  const named = (said: NonNullable<SurveyRun["text"]>) => ({ sound: said.sound, spoken: said.spoken });
  const told = { ...(asked.text && { text: named(asked.text) }), ...(asked.said && { said: asked.said.map(named) }) };
  return placesOfMarkers({
    params: asked.params,
    ...told,
    voice,
    levels: meter.levels(),
    signal: new AbortController().signal,
  });
}

test("with the text of all that is said, markers are where another voice's words are laid over the sound", async () => {
  const text = await sayTimed(dir, "text", `${FIRST} ${SECOND}`, "rms");
  const found = await find({ markers: ["Jonathan", "Barcelona"] }, { text });
  expect(found.map(({ marker }) => marker)).toEqual(["Jonathan", "Barcelona"]);
  for (const [n, { from, to }] of found.entries()) {
    expect(Math.abs(from - at[n]!.from), `${n} from`).toBeLessThan(0.1);
    expect(Math.abs(to - at[n]!.to), `${n} to`).toBeLessThan(0.1);
  }
});

test("a marker that is not in the text, or in another order, is named", async () => {
  const text = await sayTimed(dir, "text", `${FIRST} ${SECOND}`, "rms");
  const wrong = find({ markers: ["Barcelona", "Jonathan"] }, { text });
  await expect(wrong).rejects.toMatchObject({
    code: "marker_not_found",
    message: expect.stringMatching(/Jonathan.*order/),
  });
});

test("a text that is not what is said finds nothing", async () => {
  const text = await sayTimed(dir, "other", "Nine big apples fell off the old brown table, Jonathan.", "rms");
  const wrong = find({ markers: ["Jonathan"] }, { text });
  await expect(wrong).rejects.toMatchObject({ code: "marker_not_found", message: expect.stringMatching(/base_text/) });
});

test("without a text, what does not stand out is not guessed: the marker is named, and what helps", async () => {
  const said = [await sayTimed(dir, "marker", "Elephant", "rms")];
  const wrong = find({ markers: ["Elephant"] }, { said });
  await expect(wrong).rejects.toMatchObject({
    code: "marker_not_found",
    message: expect.stringMatching(/Elephant.*base_text/),
  });
});
