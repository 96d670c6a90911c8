/** Speech, by the command line. */
import { writeFileSync } from "node:fs";
import { readVideo } from "@smileloop/engine/media/video-reader.ts";
import { expect, test } from "vitest";
import { commandLine } from "../support/cli.ts";
import { GRACE_HOPPER } from "../support/pictures.ts";
import { wavOf } from "../support/sounds.ts";
import { BOBBY, CHEF, soundOf, spokenOf } from "../support/spoken.ts";

const { file, run, type, expectFiles } = commandLine();

test("talk makes a video of a photo and a sound, or of a text", async () => {
  const sentence = soundOf(spokenOf(BOBBY));
  writeFileSync(file("hello.wav"), wavOf([sentence], 16_000));
  const small = ["--size", "256", "--fps", "12"];
  const said = await run("talk", GRACE_HOPPER, "hello.wav", ...small);
  expect(said).toMatchObject({ code: 0, stdout: "grace_hopper-hello.mp4\n" });
  // of the stages, those that happen to pass a quarter
  expect(said.stderr).toMatch(/^(Looking for the face|Listening to the sound|Rendering): \d+ %$/m);
  const video = await readVideo(file("grace_hopper-hello.mp4"));
  expect(video).toMatchObject({ width: 256, otherStreams: 1, frames: Math.round((sentence.length / 16_000) * 12) });
  const json = await run("talk", GRACE_HOPPER, "--text", "Hello.", ...small, "-o", "a.webm", "--seed", "3", "--json");
  expect(json.code, json.stdout + json.stderr).toBe(0);
  expect(JSON.parse(json.stdout)).toMatchObject({
    ok: true,
    output: "a.webm",
    seed: 3,
    video: { audio: { codec: "opus" } },
  });
  expectFiles("hello.wav", "grace_hopper-hello.mp4", "a.webm");
  const none = await type("talk", GRACE_HOPPER, "nothing.wav", "--json");
  expect(JSON.parse(none.stdout)).toMatchObject({ ok: false, error: { code: "not_found" } });
});

test("lipsync makes a video of a video and a sound, or of a text, and refuses what is not a video", async () => {
  const small = ["--size", "256", "--seed", "1"];
  expect(await run("talk", GRACE_HOPPER, "--text", "Bobby mapped my vans.", ...small, "-o", "film.mp4")).toMatchObject({
    code: 0,
  });
  const film = await readVideo(file("film.mp4"));
  const sentence = soundOf(spokenOf(CHEF));
  writeFileSync(file("hello.wav"), wavOf([sentence], 16_000));
  const said = await run("lipsync", "film.mp4", "hello.wav", "--sync-mode", "bounce", "--poster", "still.jpg");
  expect(said, said.stderr).toMatchObject({ code: 0, stdout: "film-hello.mp4\n" });
  const stages = /^(Reading the video|Listening to the sound|Mixing the sound|Rendering): \d+ %$/m;
  expect(said.stderr).toMatch(stages);
  const video = await readVideo(file("film-hello.mp4"));
  const frames = Math.round((sentence.length / 16_000) * film.fps);
  expect(video).toMatchObject({ width: 256, height: 256, fps: film.fps, frames, otherStreams: 1 });
  const json = await run("lipsync", "film.mp4", "--text", "Hello.", "-o", "a.webm", "--json");
  expect(json.code, json.stdout + json.stderr).toBe(0);
  expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, output: "a.webm", video: { audio: { codec: "opus" } } });
  const photo = await type("lipsync", GRACE_HOPPER, "hello.wav");
  expect(photo).toMatchObject({ code: 1, stdout: "" });
  expect(photo.stderr).toMatch(
    /^smileloop: "grace_hopper\.jpg": This is image\/jpeg\. Use an MP4, MOV, WebM or AVI video/,
  );
  const nobody = await type("lipsync", "film.mp4", "--text", "Hi.", "--voice", "nobody", "--json");
  const { error } = JSON.parse(nobody.stdout) as { error: { detail: string } };
  expect(error.detail).toMatch(/^--voice: there is no voice 'nobody'/);
  expectFiles("film.mp4", "hello.wav", "film-hello.mp4", "still.jpg", "a.webm");
});
