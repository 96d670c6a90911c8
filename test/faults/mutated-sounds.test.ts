/**
 * Sounds that were changed at random, in every format: the engine hears them or refuses them with a typed error, and a process that
 * falls over takes this suite with it. `SOUND_MUTANTS=3000 npx vitest run --project quality test/faults/mutated-sounds.test.ts` is the
 * long run; `FAULTS_SEED` makes another one of it.
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SPEECH_SERVICES } from "@smileloop/core/engine/speech-services.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { randomFrom } from "@smileloop/core/motion/random.ts";
import { listen } from "@smileloop/engine/services/listen.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mutant } from "../support/mutants.ts";
import { encodedSound, wavOf } from "../support/sounds.ts";
import { BOBBY, soundOf, spokenOf } from "../support/spoken.ts";

const COUNT = Number(process.env.SOUND_MUTANTS ?? 150);
const SEED = Number(process.env.FAULTS_SEED ?? 20);
/** What a refusal of a file may be; anything else would be a fault of ours. */
const CODES = ["empty_file", "input_unreadable", "unsupported_type", "input_too_large"];

type File = { type: string; bytes: Buffer };
let dir = "";
const files: File[] = [];
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "smileloop-mutants-"));
  const voice = soundOf(spokenOf(BOBBY)).subarray(0, 24_000);
  const stereo = [voice, voice.map((value) => -value / 2)];
  const encoded = async (
    type: string,
    rate: number,
    codec: Parameters<typeof encodedSound>[2]["codec"],
    container: string,
  ) => files.push({ type, bytes: await encodedSound(stereo, rate, { codec, container }) });
  files.push(
    { type: "audio/wav", bytes: wavOf(stereo, 16_000) },
    { type: "audio/wav", bytes: wavOf([voice], 8000, 8) },
  );
  await encoded("audio/mpeg", 16_000, "libmp3lame", "mp3");
  await encoded("audio/mp4", 16_000, "aac", "ipod");
  await encoded("audio/aac", 16_000, "aac", "adts");
  await encoded("audio/ogg", 48_000, "libopus", "ogg");
  await encoded("audio/ogg", 16_000, "libvorbis", "ogg");
  await encoded("audio/flac", 16_000, "flac", "flac");
  await encoded("video/webm", 48_000, "libopus", "webm");
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function outcomeOf({ type, bytes }: File, nth: number): Promise<unknown> {
  const path = join(dir, `${nth}`);
  writeFileSync(path, bytes);
  const request = SPEECH_SERVICES.listen.request.parse({
    ...{ type: "listen", run: "r", inputs: { audio: [{ path, type }] }, limits: { seconds: 10 } },
    ...{ params: { fps: 25, intensity: 1, seed: nth }, outputs: { motion: `${path}.json`, sound: `${path}.wav` } },
  });
  const context = { signal: new AbortController().signal, progress: () => {} };
  return listen(request, context).catch((error: unknown) => error);
}

test(`${COUNT} mutated sounds are heard or refused`, async () => {
  const random = randomFrom(SEED);
  const all = files.map(({ bytes }) => bytes);
  let heard = 0;
  for (let nth = 0; nth < COUNT; nth++) {
    const { type, bytes } = files[nth % files.length]!;
    const declared = random() < 0.05 ? files[Math.floor(random() * files.length)]!.type : type;
    const outcome = await outcomeOf({ type: declared, bytes: mutant(bytes, random, all) }, nth);
    const what = `mutant ${nth} of seed ${SEED} (${type})`;
    if (outcome instanceof Error) {
      expect(outcome, `${what}: ${outcome.stack}`).toBeInstanceOf(AppError);
      expect(CODES, what).toContain((outcome as AppError).code);
      expect(outcome, what).toMatchObject({ input: "audio" });
      expect(outcome.message.length, what).toBeLessThan(500);
      expect(readdirSync(dir), what).toEqual([`${nth}`]);
    } else {
      const { frames, faces } = SPEECH_SERVICES.listen.result.parse(outcome).motion as {
        frames: number;
        faces: { channels: object }[];
      };
      for (const values of Object.values(faces[0]!.channels)) {
        expect(values, what).toHaveLength(frames);
        expect((values as number[]).every(Number.isFinite), what).toBe(true);
      }
      heard++;
    }
    for (const file of readdirSync(dir)) rmSync(join(dir, file));
  }
  // most changes leave something to hear
  expect(heard).toBeGreaterThan(COUNT / 10);
  expect(heard).toBeLessThan(COUNT);
}, 3_600_000);
