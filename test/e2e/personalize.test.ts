/** A batch through the real server: an archive as its readers open it, in which every file says the name of its own recipient. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSound } from "@smileloop/engine/media/sound-reader.ts";
import { createSmileloop, type RunProgress } from "@smileloop/sdk/index.ts";
import { BANDS, featuresOf } from "@smileloop/speech/features.ts";
import { parse } from "csv-parse/sync";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endOf, getJob, type Job, postJson, upload } from "../support/client.ts";
import { sayWav, spokenSound, stripedFilm } from "../support/personalized.ts";
import { until } from "../support/processes.ts";
import { type ServerProcess, startServer } from "../support/server.ts";

const NAMES = ["Amit", "राम", "José", "Amit", "李雷"];
const LIST = `name,phone\n${NAMES.map((name, n) => `${name},${n}`).join("\n")}\n`;
/** What is said first in the video, s. */
const PLACE = { from: 0.5, to: 2.0 };

let server: ServerProcess;
let folder: string;
let dataDir: string;
let base: Uint8Array;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "smileloop-batch-"));
  dataDir = join(folder, "data");
  server = await start();
  const sentences: [number, string][] = [
    [0.6, "Dear friend"],
    [2.1, "welcome to our new shop"],
  ];
  const { path } = await stripedFilm(join(folder, "base.mp4"), await spokenSound(folder, { seconds: 4, sentences }));
  base = readFileSync(path);
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
  expect(server.stderr()).toBe("");
});

function start(): Promise<ServerProcess> {
  return startServer({ dataDir, env: { LOG_LEVEL: "error", WARP_PROCESSES: "1" } });
}

async function post(list: string, params: Record<string, unknown>): Promise<Response> {
  const video = { upload: await upload(server.url, base, "video/mp4") };
  const recipients = { upload: await upload(server.url, Buffer.from(list), "text/csv") };
  return postJson(`${server.url}/v1/jobs`, { kind: "personalize", inputs: { video, recipients }, params });
}

async function output(id: string, name: string): Promise<Response> {
  const reply = await fetch(`${server.url}/v1/jobs/${id}/outputs/${name}`);
  expect(reply.status).toBe(200);
  return reply;
}

/** The files of an archive, whose length is told before it is read. */
async function archiveOf(id: string): Promise<Record<string, Uint8Array>> {
  const reply = await output(id, "archive");
  const bytes = new Uint8Array(await reply.arrayBuffer());
  expect(reply.headers.get("content-length")).toBe(String(bytes.length));
  expect(reply.headers.get("content-type")).toBe("application/zip");
  return unzipSync(bytes);
}

type Row = { row: string; name: string; file: string; status: string; language: string; seconds: string };

async function reportOf(id: string): Promise<Row[]> {
  return parse(await (await output(id, "report")).text(), { columns: true, bom: true }) as Row[];
}

test("every recipient of three scripts gets a file that says the right name, by the voice of its script", async () => {
  const reply = await post(LIST, { tier: "gold" });
  expect(reply.status, await reply.clone().text()).toBe(202);
  const job = await endOf(server.url, ((await reply.json()) as Job).id);
  expect(job).toMatchObject({ status: "succeeded", error: null });
  const report = await reportOf(job.id);
  const files = await archiveOf(job.id);
  const names = ["Amit.mp4", "राम.mp4", "José.mp4", "Amit (2).mp4", "李雷.mp4"];
  expect(report.map(({ row, name, file, status }) => [row, name, file, status])).toEqual(
    NAMES.map((name, n) => [String(n + 2), name, names[n], "succeeded"]),
  );
  expect(report.map(({ language }) => language.split("-")[0])).toEqual(["en", "hi", "en", "en", "cmn"]);
  expect(Object.keys(files).sort()).toEqual([...names, "report.csv"].sort());

  const said = new Map<string, Float32Array>();
  for (const [n, name] of NAMES.entries()) {
    if (!said.has(name))
      said.set(name, spoken(await soundOf((await sayWav(folder, `name-${n}`, name)).path, "audio/wav")));
  }
  for (const [n, name] of NAMES.entries()) {
    const path = join(folder, `clip-${n}.mp4`);
    writeFileSync(path, files[names[n]!]!);
    const heard = spoken((await soundOf(path, "video/mp4")).slice(PLACE.from * 16_000, PLACE.to * 16_000));
    const distances = [...said].map(([other, sound]) => [other, distanceOf(heard, sound)] as const);
    const nearest = distances.toSorted(([, a], [, b]) => a - b);
    expect(nearest[0]![0], JSON.stringify(nearest)).toBe(name);
  }
});

test("a server that is killed half-way goes on where it was, and everybody has one file", async () => {
  const { id } = (await (await post(LIST, { tier: "silver" })).json()) as Job;
  await until(
    async () => ((await getJob(server.url, id)) as unknown as { progress: { done: number } }).progress.done >= 2,
  );
  expect((await server.stop("SIGKILL")).signal).toBe("SIGKILL");
  server = await start();
  expect(await endOf(server.url, id)).toMatchObject({ status: "succeeded", error: null, warnings: [] });
  const names = ["Amit.mp3", "राम.mp3", "José.mp3", "Amit (2).mp3", "李雷.mp3"];
  expect(Object.keys(await archiveOf(id)).sort()).toEqual([...names, "report.csv"].sort());
  expect((await reportOf(id)).map(({ status }) => status)).toEqual(NAMES.map(() => "succeeded"));
});

test("a recipient who cannot be addressed is told, with why; the others are delivered, and a bad row is refused at once", async () => {
  const long = "Alexander Maximilian Montgomery of Winchester ".repeat(8).trim();
  const smileloop = createSmileloop({ baseUrl: server.url });
  const stages: string[] = [];
  const onProgress = ({ stage }: RunProgress) => stages.push(stage);
  const made = await smileloop.personalize(base, ["Amit", long], { tier: "gold", onProgress });
  expect(made.output).toMatchObject({ content_type: "application/zip", bytes: (await made.blob()).size });
  expect((await made.blob("report")).type).toContain("text/csv");
  expect([stages[0], new Set(stages).size > 2]).toEqual(["sending", true]);
  const { id } = made.job;
  const [warning] = made.job.warnings;
  expect(warning?.code).toBe("recipients_failed");
  expect(warning?.detail).toMatch(/^1 of 2 recipients failed, row 3\. Row 3: The words are too long/);
  expect(Object.keys(await archiveOf(id)).sort()).toEqual(["Amit.mp4", "report.csv"]);
  expect((await reportOf(id)).map(({ status }) => status)).toEqual(["succeeded", "failed"]);

  const refused = await post("name,phone\nAmit,1\n,2\n", { tier: "gold" });
  expect(refused.status).toBe(422);
  expect(await refused.json()).toMatchObject({ errors: [{ msg: "Row 3, column 'name': is empty" }] });
});

/** Mono, 16 kHz. */
async function soundOf(path: string, type: string): Promise<Float32Array> {
  const sound = await openSound({ path, type });
  try {
    const sides = Array.from({ length: sound.channels }, () => new Float32Array(48_000 * 20));
    const count = sound.read(sides);
    const at = (i: number) => sides.reduce((sum, side) => sum + side[i]!, 0) / sides.length;
    return Float32Array.from(
      { length: Math.floor(count / 3) },
      (_, n) => (at(3 * n) + at(3 * n + 1) + at(3 * n + 2)) / 3,
    );
  } finally {
    await sound.close();
  }
}

/** From the first to the last moment that is anything near as loud as the loudest. */
function spoken(sound: Float32Array): Float32Array {
  const powers = Array.from({ length: Math.floor(sound.length / 160) }, (_, n) =>
    sound.subarray(160 * n, 160 * (n + 1)).reduce((sum, value) => sum + value * value, 0),
  );
  const least = Math.max(...powers) / 1000;
  const [first, last] = [powers.findIndex((power) => power > least), powers.findLastIndex((power) => power > least)];
  return sound.slice(160 * first, 160 * (last + 1));
}

/** How unlike two sounds are, whatever their speed: the mean difference of their features along the best path. */
function distanceOf(one: Float32Array, other: Float32Array): number {
  const [a, b] = [featuresOf(one), featuresOf(other)];
  const [n, m] = [a.length / BANDS, b.length / BANDS];
  let before = new Float64Array(m + 1).fill(Number.POSITIVE_INFINITY);
  before[0] = 0;
  for (let i = 0; i < n; i++) {
    const row = new Float64Array(m + 1).fill(Number.POSITIVE_INFINITY);
    for (let j = 0; j < m; j++) {
      let apart = 0;
      for (let band = 0; band < BANDS; band++) apart += Math.abs(a[i * BANDS + band]! - b[j * BANDS + band]!);
      row[j + 1] = apart / BANDS + Math.min(before[j]!, before[j + 1]!, row[j]!);
    }
    before = row;
  }
  return before[m]! / (n + m);
}
