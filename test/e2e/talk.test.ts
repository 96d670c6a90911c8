/** Portraits that speak, through the real server: sounds and texts as people send them, and what is no sound. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readVideo } from "@smileloop/engine/media/video-reader.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { endOf, type Job, postJob, postJson, upload } from "../support/client.ts";
import { GRACE_HOPPER } from "../support/pictures.ts";
import { type ServerProcess, startServer } from "../support/server.ts";
import { clicksIn, clickTrack, encodedSound, heardIn, wavOf } from "../support/sounds.ts";
import { BOBBY, soundOf, spokenOf } from "../support/spoken.ts";

const MAX_SECONDS = 8;
let server: ServerProcess;
let folder: string;
let photo: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "smileloop-talk-"));
  server = await startServer({
    env: { LOG_LEVEL: "error", WARP_PROCESSES: "1", MAX_VIDEO_LENGTH: String(MAX_SECONDS) },
  });
  photo = await upload(server.url, readFileSync(GRACE_HOPPER));
});
afterAll(async () => {
  const exit = await server?.stop();
  rmSync(folder, { recursive: true, force: true });
  expect(server.stderr()).toBe("");
  expect(exit).toMatchObject({ code: 0 });
});

/** A buzz in the rhythm of a sentence: 4 s. */
const sentence = () => soundOf(spokenOf(BOBBY));
const SMALL = { size: 256, fps: 12 };

type Sound = { bytes: Uint8Array; type: string };

async function ask(params: object, sound: Sound | null, more: object = {}) {
  const audio = sound && { audio: { upload: await upload(server.url, sound.bytes, sound.type) } };
  return postJson(`${server.url}/v1/jobs`, {
    kind: "talk",
    inputs: { image: { upload: photo }, ...audio },
    params,
    ...more,
  });
}

async function made(reply: Response): Promise<Job & { warnings: { code: string }[] }> {
  expect(reply.status).toBe(202);
  return (await endOf(server.url, ((await reply.json()) as Job).id)) as Job & { warnings: { code: string }[] };
}

async function download(job: Job): Promise<string> {
  const path = join(folder, `${job.id}.mp4`);
  writeFileSync(path, Buffer.from(await (await fetch(`${server.url}/v1/jobs/${job.id}/outputs/video`)).arrayBuffer()));
  return path;
}

describe("a portrait speaks", () => {
  test("what is said in an MP3, as long as that is, with its sound at its place", async () => {
    const bytes = await encodedSound([sentence()], 16_000, { codec: "libmp3lame", container: "mp3" });
    const job = await made(await ask(SMALL, { bytes, type: "audio/mpeg" }));
    expect(job).toMatchObject({ status: "succeeded", error: null });
    const seconds = sentence().length / 16_000;
    expect(job.outputs.video).toMatchObject({ width: 256, height: 256, fps: 12, audio: { codec: "aac" } });
    expect(job.outputs.video!.frames).toBe(Math.round(seconds * 12));
    expect(job.outputs.poster).toMatchObject({ width: 256, height: 256 });
    const video = await readVideo(await download(job));
    expect(Math.abs(video.duration - seconds)).toBeLessThan(0.1);
    expect(video).toMatchObject({ constantRate: true, otherStreams: 1 });
  });

  test("a text, in the voice of its language", async () => {
    const job = await made(await ask({ ...SMALL, text: "Hello there.", expression: "gentle_smile" }, null));
    expect(job).toMatchObject({ status: "succeeded", outputs: { video: { audio: { codec: "aac" } } } });
    expect((await heardIn(await download(job)))!.to).toBeGreaterThan(0.5);
  });

  test("the sound of a video, in a WebM", async () => {
    const bytes = await encodedSound([sentence()], 16_000, { codec: "aac", container: "mp4" });
    const job = await made(await ask({ ...SMALL, format: "webm" }, { bytes, type: "video/mp4" }));
    expect(job).toMatchObject({ status: "succeeded", outputs: { video: { audio: { codec: "opus" } } } });
  });

  test.each<[string, number, 8 | 16]>([
    ["8 bits", 1, 8],
    ["7.1 channels", 8, 16],
  ])("a sound of %s at 8 kHz, and it is heard where it was", async (_name, channels, bits) => {
    const track = clickTrack({ seconds: 1, clicks: [0.3, 0.7], rate: 8000, channels });
    const job = await made(await ask(SMALL, { bytes: wavOf(track, 8000, bits), type: "audio/wav" }));
    expect(job.status).toBe("succeeded");
    const clicks = clicksIn((await heardIn(await download(job)))!);
    expect(clicks).toHaveLength(2);
    for (const [nth, at] of [0.3, 0.7].entries()) expect(Math.abs(clicks[nth]! - at)).toBeLessThan(0.005);
  });

  test("silence says nothing, and that is told", async () => {
    const { status, warnings } = await made(
      await ask(SMALL, { bytes: wavOf([new Float32Array(16_000)], 16_000), type: "audio/wav" }),
    );
    expect(status).toBe("succeeded");
    expect(warnings.length).toBeGreaterThan(0);
  });
});

const wav = (seconds: number) => ({ bytes: wavOf([new Float32Array(seconds * 4000)], 4000), type: "audio/wav" });
/** A header that promises ten hours, and a second of sound. */
async function tenHours() {
  const second = clickTrack({ seconds: 1, clicks: [0.5], rate: 16_000 });
  const bytes = await encodedSound(second, 16_000, { codec: "flac", container: "flac" });
  const samples = 36_000 * 16_000;
  // of the first block, STREAMINFO: 36 bits from the middle of its 14th byte on
  bytes[21] = bytes[21]! & 0xf0;
  bytes.writeUInt32BE(samples, 22);
  return { bytes, type: "audio/flac" };
}

describe("what can't be said is refused before there is a job, naming what is wrong", () => {
  test.each<[string, object, Sound | (() => Promise<Sound>) | null, number, string, RegExp]>([
    ["nothing to say", {}, null, 422, "params.text", /Give a text to be said, or a sound/],
    ["an empty text", { text: "" }, null, 422, "params.text", /must not be empty/],
    [
      "100,000 characters",
      { text: "a ".repeat(50_000) },
      null,
      422,
      "params.text",
      /at most 6000 characters, got 100000/,
    ],
    ["emoji alone", { text: "😀🎉" }, null, 422, "params.text", /neither letters nor digits/],
    ["a control character", { text: "a\u0000b" }, null, 422, "params.text", /control character \(U\+0000\)/],
    ["a voice for a sound", { voice: "x" }, wav(1), 422, "params.voice", /a sound was given/],
    ["a GIF", { text: "Hi", format: "gif" }, null, 422, "params.format", /a GIF has no sound/],
    ["another preset", { text: "Hi", expression: "grin" }, null, 422, "params.expression", /Unknown preset 'grin'/],
    ["too long a sound", {}, wav(9), 413, "inputs.audio", /9 s long; at most 8 s are accepted/],
    ["ten hours", {}, tenHours, 413, "inputs.audio", /36000 s long; at most 8 s are accepted/],
    ["a text file", {}, { bytes: Buffer.from("la la la la"), type: "audio/wav" }, 415, "inputs.audio", /text\/plain/],
    ["a picture", {}, { bytes: readFileSync(GRACE_HOPPER), type: "audio/mpeg" }, 415, "inputs.audio", /image\/jpeg/],
  ])("%s", async (_name, params, sound, status, field, message) => {
    const reply = await ask(params, typeof sound === "function" ? await sound() : sound);
    expect(reply.status).toBe(status);
    const problem = (await reply.json()) as { detail: string; errors: { loc: string[]; msg: string }[] };
    expect(problem.errors[0]!.loc.join(".")).toBe(`body.${field}`);
    expect(problem.errors[0]!.msg).toMatch(message);
  });
});

describe("what turns out to be no sound fails the job, naming its slot", () => {
  test.each<[string, () => Promise<{ bytes: Uint8Array; type: string }>, string, RegExp]>([
    ["a sound without samples", async () => wav(0), "input_unreadable", /sound/],
    [
      "a sound that is cut in its header",
      async () => ({ ...wav(1), bytes: wav(1).bytes.subarray(0, 30) }),
      "input_unreadable",
      /sound/,
    ],
    [
      "a sound that is longer than its header says",
      async () => ({
        bytes: await encodedSound(clickTrack({ seconds: 12, clicks: [1], rate: 16_000 }), 16_000, {
          codec: "aac",
          container: "adts",
        }),
        type: "audio/aac",
      }),
      "input_too_large",
      /at most 8 s/,
    ],
  ])("%s", async (_name, sound, code, detail) => {
    const reply = await ask(SMALL, await sound());
    if (reply.status !== 202) {
      const problem = (await reply.json()) as { code: string; errors: { loc: string[] }[] };
      expect([reply.status < 500, problem.errors[0]!.loc.join(".")]).toEqual([true, "body.inputs.audio"]);
      return;
    }
    const { error } = await endOf(server.url, ((await reply.json()) as Job).id);
    expect(error).toMatchObject({ input: "audio", detail: expect.stringMatching(detail) as string });
    expect(error!.code).toMatch(code);
  });

  test("a video without sound", async () => {
    const silent = await made(await postJob(server.url, photo, { preset: "blink", size: 256, duration: 1 }));
    const bytes = readFileSync(await download(silent));
    const { error } = await made(await ask(SMALL, { bytes, type: "video/mp4" }));
    expect(error).toMatchObject({ code: "input_unreadable", input: "audio" });
  });

  test("a script that no voice speaks", async () => {
    const { error } = await made(await ask({ ...SMALL, text: "ᚠᚢᚦᚨᚱᚲ" }, null));
    expect(error).toMatchObject({ code: "invalid_request", detail: expect.stringMatching(/^params\.text/) as string });
  });
});

test("of refused and failed jobs nothing is left", async () => {
  const list = (await (await fetch(`${server.url}/v1/jobs?limit=100`)).json()) as { jobs: Job[] };
  for (const { status, outputs } of list.jobs) if (status === "failed") expect(outputs ?? {}).toEqual({});
});
