/** A client's own key of ElevenLabs speaks for a batch, on the real server with the real engine; and where that key is found. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readReport } from "@smileloop/core/recipients/read-report.ts";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type ElevenLabsDouble, elevenLabsDouble } from "../support/elevenlabs-double.ts";
import { spokenSound, stripedFilm } from "../support/personalized.ts";
import { until } from "../support/processes.ts";
import { type ServerProcess, startServer } from "../support/server.ts";
import { wavBytes } from "../support/silence.ts";

const KEY = "xi-the-clients-own-key";
const OTHER = "xi-the-key-of-another-client";
const folder = mkdtempSync(join(tmpdir(), "smileloop-voice-key-"));
const dataDir = join(folder, "data");
let far: ElevenLabsDouble;
let server: ServerProcess;
let video: Buffer;
beforeAll(async () => {
  far = await elevenLabsDouble([KEY, OTHER]);
  const env = { LOG_LEVEL: "debug", WARP_PROCESSES: "1", ELEVENLABS_URL: far.url };
  server = await startServer({ dataDir, env });
  const sentences: [number, string][] = [
    [0.6, "Dear friend"],
    [2.1, "welcome to our new shop"],
  ];
  const { path } = await stripedFilm(join(folder, "base.mp4"), await spokenSound(folder, { seconds: 4.4, sentences }));
  video = readFileSync(path);
});
beforeEach(() => {
  far.asked.length = 0;
  far.broken = null;
});
afterAll(async () => {
  await far?.close();
  rmSync(folder, { recursive: true, force: true });
});

type Status = {
  status: string;
  error: string | null;
  failures: { name: string; code: string; detail: string }[];
  voice: string | null;
  warnings: { code: string; detail: string }[];
};

/** Files of the server that have a key in them. */
function found(): string[] {
  const files = readdirSync(dataDir, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(dataDir, name), { throwIfNoEntry: false })?.isFile(),
  );
  expect(files.length).toBeGreaterThan(5);
  return files.filter((name) => /xi-the-/.test(readFileSync(join(dataDir, name), "latin1")));
}

/** A batch that has ended. */
async function batch(names: string[], key: string): Promise<Status & { id: string }> {
  const form = new FormData();
  form.set("base_video", new Blob([new Uint8Array(video)]), "base.mp4");
  form.set("recipients", new Blob([`name,phone\n${names.map((name) => `${name},1\n`).join("")}`]), "recipients.csv");
  form.set("voice_sample", new Blob([new Uint8Array(wavBytes(1))]), "me.wav");
  const texts = { tts_provider: "elevenlabs", elevenlabs_api_key: key, elevenlabs_voice_id: "abc123" };
  const more = { elevenlabs_model_id: "a-model", insert_mode: "silver", lang: "en", text: "Hello {name}" };
  for (const [name, text] of Object.entries({ ...texts, ...more })) form.set(name, text);
  const reply = await fetch(`${server.url}/jobs`, { method: "POST", body: form });
  const text = await reply.text();
  expect([reply.status, text]).toEqual([200, expect.stringContaining("job_id")]);
  const { job_id: id } = JSON.parse(text) as { job_id: string };
  let now: Status | undefined;
  await until(async () => {
    now = (await (await fetch(`${server.url}/jobs/${id}`)).json()) as Status;
    return now.status === "done" || now.status === "failed";
  });
  return { ...now!, id };
}

test("the voice of the account says each name once, and the key is nowhere to be read", async () => {
  const done = await batch(["Amit", "Amit", "Jane"], KEY);
  expect(done).toMatchObject({ status: "done", failures: [], voice: "elevenlabs:abc123" });
  expect(done.warnings.map(({ code }) => code)).toEqual(["voice_sample_unused"]);
  const path = "/v1/text-to-speech/abc123/with-timestamps";
  const asked = far.asked.toSorted((a, b) => a.text.localeCompare(b.text));
  expect(asked).toEqual(["Hello Amit", "Hello Jane"].map((text) => ({ path, key: KEY, model: "a-model", text })));
  const zip = await (await fetch(`${server.url}/jobs/${done.id}/download`)).arrayBuffer();
  const report = await readReport(Buffer.from(unzipSync(new Uint8Array(zip))["report.csv"]!).toString());
  expect(report!.map(({ voice }) => voice)).toEqual(Array(3).fill("elevenlabs:abc123"));
  expect(found()).toEqual([]);
});

test("what was said with one key is not given to who has another, or a wrong one", async () => {
  expect(await batch(["Amit"], OTHER)).toMatchObject({ status: "done" });
  expect(far.asked.map(({ key }) => key)).toEqual([OTHER]);
  const refused = await batch(["Amit"], "xi-the-wrong-key");
  expect(refused).toMatchObject({
    status: "failed",
    error: expect.stringContaining("ElevenLabs refuses the key that came with the job") as string,
  });
  // not tried again
  expect(far.asked.map(({ key }) => key)).toEqual([OTHER, "xi-the-wrong-key"]);
});

test("where it cannot be reached a voice of this server speaks, and the status says so", async () => {
  far.broken = 503;
  const done = await batch(["Zoe"], KEY);
  expect(done).toMatchObject({ status: "done", voice: expect.not.stringContaining("elevenlabs") as string });
  const replaced = done.warnings.find(({ code }) => code === "voice_replaced");
  expect(replaced?.detail).toMatch(/elevenlabs:abc123 is not available: it answered 503\. .* speaks instead/);
});

test("neither the log nor what is kept has ever had a key", async () => {
  expect(found()).toEqual([]);
  await server.stop();
  expect(server.stderr()).not.toContain("xi-the-");
});
