/** Mouths that follow a sound, as a step among others, on the real server: by FaceFusion's form and by `/v1/jobs`. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endOf, type Job, postJson, upload } from "../support/client.ts";
import { GRACE_HOPPER } from "../support/pictures.ts";
import { type ServerProcess, startServer } from "../support/server.ts";
import { heardIn, wavOf } from "../support/sounds.ts";
import { CHEF, soundOf, spokenOf } from "../support/spoken.ts";
import { type TalkingFilm, talkingFilm } from "../support/talking-film.ts";

let folder: string;
let server: ServerProcess;
let film: TalkingFilm;
/** They begin three quarters of a second in, those of the video a fifth. */
const words = wavOf([Float32Array.from([...new Float32Array(8000), ...soundOf(spokenOf(CHEF))])], 16_000);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "smileloop-lip-syncer-"));
  const said = "_ 200 m 80 a 180 m 80 aɪ 200 b 70 a 180 m 80 ɒ 180 m 80 a 200 b 80 aɪ 200 _ 300";
  film = await talkingFilm(join(folder, "film.mp4"), GRACE_HOPPER, said);
  server = await startServer({ env: { LOG_LEVEL: "error", WARP_PROCESSES: "1" } });
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
  expect(server.stderr()).toBe("");
});

const target = () => new Blob([readFileSync(film.path)]);

/** When the first word is heard in a finished video, s. */
async function firstWord(bytes: ArrayBuffer): Promise<number> {
  const path = join(folder, "made.mp4");
  writeFileSync(path, Buffer.from(bytes));
  const { samples, rate, from } = (await heardIn(path))!;
  return from + samples[0]!.findIndex((value) => Math.abs(value) > 0.02) / rate;
}

test("FaceFusion's clients send the sound as the source, and get the video with it", async () => {
  const rows = (await (await fetch(`${server.url}/processors`)).json()) as object[];
  expect(rows).toContainEqual({ name: "lip_syncer", available: true, engine: "warp", quality: "classical" });
  const form = new FormData();
  form.append("target", target(), "film.mp4");
  form.append("source", new Blob([words]), "words.wav");
  form.append("request", JSON.stringify({ processors: ["lip_syncer"] }));
  const reply = await fetch(`${server.url}/process/video`, { method: "POST", body: form });
  const made = (await reply.json()) as { status: string; output_path: string; error: null };
  expect([reply.status, made]).toMatchObject([200, { status: "completed", error: null }]);
  const file = await fetch(`${server.url}/download/${made.output_path.split("/").pop()}`);
  expect(await firstWord(await file.arrayBuffer())).toBeCloseTo(0.75, 1);

  const silent = new FormData();
  silent.append("target", target(), "film.mp4");
  silent.append("request", JSON.stringify({ processors: ["lip_syncer"] }));
  const refused = await fetch(`${server.url}/process/video`, { method: "POST", body: silent });
  expect([refused.status, await refused.json()]).toMatchObject([
    400,
    { detail: expect.stringMatching(/source/i) as string },
  ]);
});

test("two steps of one job; without consent, and with a picture as the target, it is refused", async () => {
  const inputs = {
    target: { upload: await upload(server.url, readFileSync(film.path), "video/mp4") },
    source: { upload: await upload(server.url, words, "audio/wav") },
  };
  const processors = ["face_enhancer", "lip_syncer"];
  const asked = { kind: "process_video", inputs, params: { processors } };
  const without = await postJson(`${server.url}/v1/jobs`, asked);
  expect([without.status, JSON.stringify(await without.json())]).toMatchObject([
    422,
    expect.stringContaining("consent"),
  ]);
  const consent = { subject: "self" };
  const reply = await postJson(`${server.url}/v1/jobs`, { ...asked, params: { processors, consent } });
  const job = await endOf(server.url, ((await reply.json()) as Job).id);
  expect(job).toMatchObject({
    status: "succeeded",
    engine: { name: "warp" },
    outputs: { video: { audio: { codec: "aac" } } },
  });

  const photo = { upload: await upload(server.url, readFileSync(GRACE_HOPPER)) };
  const still = { kind: "process_image", inputs: { ...inputs, target: photo }, params: { processors, consent } };
  const picture = await postJson(`${server.url}/v1/jobs`, still);
  expect([picture.status, JSON.stringify(await picture.json())]).toMatchObject([
    422,
    expect.stringContaining("needs a video"),
  ]);
});
