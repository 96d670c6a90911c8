/** Two people in a picture, of whom one says what is heard. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SPEECH_SERVICES } from "@smileloop/core/engine/speech-services.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BOBBY, CHEF } from "../../../../test/support/spoken.ts";
import {
  filmOf,
  framesIn,
  type Pixels,
  sideBySide,
  type TalkingFilm,
  talkingFilm,
} from "../../../../test/support/talking-film.ts";
import { speaker } from "./speaker.ts";

const HOPPER = fileURLToPath(new URL("../../../../test/fixtures/grace_hopper.jpg", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "smileloop-speaker-"));
afterAll(() => rmSync(dir, { recursive: true }));
const context = { signal: new AbortController().signal, progress() {} };

type Talker = TalkingFilm & { frames: Pixels[] };
let [bobby, chef]: Talker[] = [];
beforeAll(async () => {
  const talker = async (name: string, phones: string): Promise<Talker> => {
    const film = await talkingFilm(join(dir, `${name}.mp4`), HOPPER, phones);
    return { ...film, frames: await framesIn(film.path) };
  };
  bobby = await talker("bobby", `${BOBBY} ${CHEF}`);
  chef = await talker("chef", `${CHEF} ${BOBBY}`);
});

async function speakerOf(left: Pixels[], right: Pixels[], sound: string) {
  const path = join(dir, "two.mp4");
  const count = Math.min(left.length, right.length);
  await filmOf(
    path,
    Array.from({ length: count }, (_, n) => sideBySide(left[n]!, right[n]!)),
    sound,
  );
  const inputs = { video: [{ path, type: "video/mp4" }] };
  const found = await speaker({ type: "speaker", run: "r", inputs, params: { begins: 0 } }, context);
  return SPEECH_SERVICES.speaker.result.parse(found);
}

test("of two who both move their mouths it is the one whose words are heard", async () => {
  const of = async (sound: string) => speakerOf(bobby!.frames, chef!.frames, sound);
  const [first, second] = [await of(bobby!.sound), await of(chef!.sound)];
  expect([first, second]).toMatchObject([
    { faces: 2, warnings: [] },
    { faces: 2, warnings: [] },
  ]);
  expect(new Set([first.face, second.face])).toEqual(new Set([0, 1]));
});

test("one who listens does not speak", async () => {
  const listening = bobby!.frames.map(() => bobby!.frames[0]!);
  const { face, likenesses, warnings } = await speakerOf(listening, chef!.frames, chef!.sound);
  expect(warnings).toEqual([]);
  expect(likenesses[1 - face]).toBeLessThan(0.15);
});

test("where nobody moves with the sound it is the largest, and the figures are told", async () => {
  const still = (talker: Talker) => talker.frames.map(() => talker.frames[0]!);
  const { face, warnings } = await speakerOf(still(bobby!), still(chef!), bobby!.sound);
  expect(face).toBe(0);
  const detail = expect.stringMatching(
    /None of the 2 faces .* face 0 by -?0\.\d\d, face 1 by -?0\.\d\d; 0\.25 and 0\.12/,
  );
  expect(warnings).toEqual([{ code: "speaker_unclear", detail }]);
});

test("a single face is the one that speaks", async () => {
  const inputs = { video: [{ path: bobby!.path, type: "video/mp4" }] };
  const found = await speaker({ type: "speaker", run: "r", inputs, params: { begins: 0 } }, context);
  expect(found).toMatchObject({ face: 0, faces: 1, warnings: [] });
});
