/** From a sound file to the sound of a finished video: what clicks in it clicks at the same time there. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { provenance } from "../../../../test/support/provenance.ts";
import {
  clicksIn,
  clickTrack,
  encodedSound,
  heardIn,
  type SoundFormat,
  wavOf,
} from "../../../../test/support/sounds.ts";
import { readVideo } from "../media/video-reader.ts";
import { finish } from "./finish.ts";
import { listen } from "./listen.ts";

const dir = mkdtempSync(join(tmpdir(), "smileloop-heard-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const context = { signal: new AbortController().signal, progress() {} };
const FPS = 25;
const SECONDS = 2.2;
const CLICKS = [0.02, 0.7, 2.1];
const track = (rate: number, channels = 1) => clickTrack({ seconds: SECONDS, clicks: CLICKS, rate, channels });
const encoded = (rate: number, codec: SoundFormat["codec"], container: string) =>
  encodedSound(track(rate), rate, { codec, container });

let files = 0;
/** Path of the video that comes of a sound, as a worker has it made of an engine's frames. */
async function videoOf(bytes: Buffer, type: string, ending: string): Promise<string> {
  const [path, video] = [join(dir, `${++files}.sound`), join(dir, `${files}.${ending}`)];
  writeFileSync(path, bytes);
  const outputs = { motion: join(dir, `${files}.json`), sound: join(dir, `${files}.wav`) };
  const { motion, seconds } = await listen(
    {
      ...{ type: "listen", run: "l", inputs: { audio: [{ path, type }] }, limits: { seconds: 10 }, outputs },
      params: { fps: FPS, intensity: 1, seed: 1, mood: {} },
    },
    context,
  );
  expect(seconds).toBeCloseTo(SECONDS, 1);
  const frames = "frames" in motion ? motion.frames : 0;
  expect(frames).toBe(Math.round(seconds * FPS));
  const raw = join(dir, `${files}.yuv`);
  writeFileSync(raw, Buffer.alloc(64 * 48 * 1.5 * frames, 90));
  await finish(
    {
      ...{ type: "finish", run: "f", frames: { path: raw, pixels: "yuv420p" }, outputs: { video } },
      ...{ spec: { width: 64, height: 48, fps: FPS, frames }, audio: { path: outputs.sound, type: "audio/wav" } },
      provenance,
    },
    context,
  );
  return video;
}

test.each<[string, string, () => Promise<Buffer>]>([
  ["WAV", "audio/wav", async () => wavOf(track(48_000, 2), 48_000)],
  ["WAV at 8 kHz", "audio/wav", async () => wavOf(track(8000), 8000, 8)],
  ["MP3", "audio/mpeg", () => encoded(44_100, "libmp3lame", "mp3")],
  ["M4A", "audio/mp4", () => encoded(44_100, "aac", "ipod")],
  ["AAC", "audio/aac", () => encoded(44_100, "aac", "adts")],
  ["Opus", "audio/ogg", () => encoded(48_000, "libopus", "ogg")],
  ["FLAC", "audio/flac", () => encoded(44_100, "flac", "flac")],
  ["WebM", "video/webm", () => encoded(48_000, "libopus", "webm")],
])("click in, click out, within 5 ms: %s", async (_name, type, bytes) => {
  for (const ending of ["mp4", "webm"]) {
    const video = await videoOf(await bytes(), type, ending);
    const clicks = clicksIn((await heardIn(video))!);
    expect(clicks).toHaveLength(CLICKS.length);
    for (const [nth, at] of CLICKS.entries()) expect(Math.abs(clicks[nth]! - at)).toBeLessThan(0.005);
    expect(Math.abs((await readVideo(video)).duration - SECONDS)).toBeLessThan(0.1);
  }
});
