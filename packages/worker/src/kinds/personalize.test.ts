/** The plan against children that end as the test says: who is asked for what, and what is delivered. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { ErrorCode, Warning } from "@smileloop/core/errors.ts";
import { childId, newId } from "@smileloop/core/job/ids.ts";
import { inputKey, outputKey } from "@smileloop/core/job/keys.ts";
import type { JobOutput, JobRecord } from "@smileloop/core/job/record.ts";
import { createJob, updateJob } from "@smileloop/core/jobs/jobs.ts";
import { markEnded } from "@smileloop/core/jobs/waiting.ts";
import { createKinds } from "@smileloop/core/kinds/index.ts";
import { createSeals, sealerOf, secretsOf } from "@smileloop/core/seals.ts";
import type { Survey } from "@smileloop/core/speech/survey.ts";
import { unzipSync } from "fflate";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type MemoryStore, memoryStore } from "../../../../test/support/memory-store.ts";
import { marker, unsigned } from "../../../../test/support/signing.ts";
import { type JobDeps, runJob } from "../run-job.ts";
import { createHandlers } from "./index.ts";

const VIDEO = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from("ftypisom"), Buffer.alloc(400)]);
const LIST = "name,city,pronunciation\nराम,Goa,\nAmit,Pune,/əmɪt/\nJosé,Goa,\nAmit,Goa,\n李雷,Pune,\n";
const kinds = createKinds({
  presets: new Map(),
  engines: {
    known: [{ name: "stand-in", kinds: ["survey", "insert"], secrets: { takes: ["voice_key"], needs: [] } }],
    serve: new Map([
      ["survey", ["stand-in"]],
      ["insert", ["stand-in"]],
    ]),
  },
});
const place = (marker: string | null) => ({
  ...{ from: 0, to: 1, loudness: -20, marker },
  cut: { from: 0, to: 1 },
});
const surveyWith = (markers: (string | null)[]): Survey => ({
  film: { width: 64, height: 64, fps: 25, even: true, frames: 50, seconds: 2, begins: 0 },
  sound: { seconds: 2, channels: 1, room: null },
  speech: [{ from: 0, to: 1, loudness: -20 }],
  places: markers.map(place),
});

let store: MemoryStore;
let workRoot: string;
beforeEach(() => {
  store = memoryStore();
  workRoot = mkdtempSync(join(tmpdir(), "smileloop-personalize-"));
});
afterEach(() => rmSync(workRoot, { recursive: true }));

const seals = createSeals([Buffer.alloc(32, 3)]);

async function newJob(params: Record<string, unknown> = {}, list = LIST, voiceKey?: string): Promise<JobRecord> {
  const id = newId(store.clock.now());
  const put = async (slot: string, type: string, bytes: Buffer) => {
    const key = inputKey("ann", id, slot);
    await store.files.put(key, Readable.from([bytes]), { type });
    return [{ key, type, bytes: bytes.length, source: "form" }];
  };
  const job = { id, owner: "ann", kind: "personalize", queue: "plans", engine: null, estimateSeconds: 1 };
  const storeInputs = async () => ({
    video: await put("video", "video/mp4", VIDEO),
    recipients: await put("recipients", "text/csv", Buffer.from(list)),
  });
  const sealed = sealerOf(seals, voiceKey === undefined ? {} : { voice_key: voiceKey });
  return (await createJob(store, { ...job, params, metadata: {}, storeInputs, sealed })).record;
}

/** What a worker does with the plan's message. */
async function step(root: JobRecord): Promise<JobRecord> {
  const handlers = createHandlers({ presets: new Map() });
  const deps: JobDeps = {
    ...store,
    signer: unsigned,
    marker,
    seals,
    kinds,
    handlers,
    processes: null,
    workRoot,
    worker: "here",
  };
  await runJob(deps, await store.read(root.id), { signal: new AbortController().signal });
  return store.read(root.id);
}

type End = {
  outputs: Record<string, { type: string; text: string; facts?: Partial<JobOutput> }>;
  warnings?: Warning[];
};

async function endChild(root: JobRecord, n: number, end: End | { code: ErrorCode; detail: string }): Promise<void> {
  const { record } = await store.claimed(childId(root.id, n), "w");
  const by = { by: "holder", token: "w" } as const;
  if ("code" in end) {
    await updateJob(store, "ann", record.id, () => ({ ...by, do: "fail", error: end }));
  } else {
    const outputs: Record<string, JobOutput> = {};
    for (const [name, { type, text, facts }] of Object.entries(end.outputs)) {
      const key = outputKey("ann", record.id, 1, `${name}.bin`);
      const { bytes, sha256 } = await store.files.put(key, Readable.from([Buffer.from(text)]), { type });
      outputs[name] = { key, attempt: 1, type, bytes, sha256, ...facts };
    }
    const result = { outputs, engineVersion: "1", warnings: end.warnings ?? [], timings: {} };
    await updateJob(store, "ann", record.id, () => ({ ...by, do: "succeed", ...result }));
  }
  await markEnded(store, await store.read(record.id));
}

/** As much of a video as is looked at where nothing opens it. */
const FILM = { type: "video/mp4", text: `\0\0\0\x18ftypisom${"\0".repeat(400)}` };
const json = (value: object) => ({ type: "application/json", text: JSON.stringify(value) });
const clip = (text: string, facts: Partial<JobOutput> = {}) => ({
  outputs: { video: { type: "video/mp4", text, facts } },
});

/** A job whose survey has succeeded, and whose recipients are at work. */
async function surveyed(params: Record<string, unknown>, markers: (string | null)[] = [null], list = LIST) {
  const root = await newJob(params, list);
  await step(root);
  await endChild(root, 0, { outputs: { survey: json(surveyWith(markers)), track: json([]), pictures: FILM } });
  await step(root);
  return step(root);
}

const childOf = (root: JobRecord, n: number) => store.read(childId(root.id, n));

async function filesOf({ outputs }: JobRecord): Promise<Record<string, string>> {
  const { body } = await store.files.get(outputs.archive!.key);
  const bytes = new Uint8Array(await new Response(body).arrayBuffer());
  expect(bytes.length).toBe(outputs.archive!.bytes);
  return Object.fromEntries(
    Object.entries(unzipSync(bytes)).map(([name, file]) => [name, Buffer.from(file).toString()]),
  );
}

test("the video is surveyed first, once, with progress over everybody", async () => {
  const root = await step(
    await newJob({ tier: "diamond", lip_sync: true, consent: { subject: "self" }, name_position: "end" }),
  );
  expect(root).toMatchObject({ state: "waiting", children: 1, progress: { done: 0, total: 6, percent: 0 } });
  expect(await childOf(root, 0)).toMatchObject({
    ...{ kind: "survey", params: { tier: "diamond", lip_sync: true, name_position: "end", silence_db: -30 } },
    inputs: { video: [{ key: root.inputs.video![0]!.key }] },
  });
  await endChild(root, 0, { outputs: { survey: json(surveyWith([null])) } });
  await step(root);
  expect(await step(root)).toMatchObject({
    state: "waiting",
    children: 6,
    progress: { done: 1, total: 6, percent: 15.8 },
  });
});

test("each recipient is a child in the order of the list, with the words of the row and the name as it is said", async () => {
  const root = await surveyed({ tier: "gold", text: "{name} in {city}", pronounce: { Goa: "goah" }, speed: 1.2 });
  const children = await Promise.all([1, 2, 3, 4, 5].map((n) => childOf(root, n)));
  expect(children.map(({ kind, params }) => [kind, params.words, params.pronounce])).toEqual([
    ["insert", [{ marker: null, text: "राम in Goa" }], { Goa: "goah" }],
    ["insert", [{ marker: null, text: "Amit in Pune" }], { Goa: "goah", Amit: "/əmɪt/" }],
    ["insert", [{ marker: null, text: "José in Goa" }], { Goa: "goah" }],
    ["insert", [{ marker: null, text: "Amit in Goa" }], { Goa: "goah" }],
    ["insert", [{ marker: null, text: "李雷 in Pune" }], { Goa: "goah" }],
  ]);
  expect(children[0]).toMatchObject({
    params: { tier: "gold", lip_sync: false, speed: 1.2 },
    inputs: { video: [{}], survey: [{ type: "application/json" }], track: [{}], pictures: [{ type: FILM.type }] },
  });
  expect(children[0]!.params).not.toHaveProperty("language");
});

test("the key of a client's own voice goes to everybody's part, sealed for each, and to no record as it is", async () => {
  const root = await newJob({ tier: "gold", voice: "elevenlabs:abc", voice_model: "m" }, LIST, "sk-secret");
  await step(root);
  expect((await childOf(root, 0)).sealed).toBeUndefined();
  await endChild(root, 0, { outputs: { survey: json(surveyWith([null])) } });
  await step(root);
  await step(root);
  const children = await Promise.all([1, 5].map((n) => childOf(root, n)));
  expect(children.map((child) => secretsOf(seals, child))).toEqual([1, 5].map(() => ({ voice_key: "sk-secret" })));
  expect(children[0]!.params).toMatchObject({ voice: "elevenlabs:abc", voice_model: "m" });
  expect(children[0]!.sealed).not.toEqual(children[1]!.sealed);
  expect(JSON.stringify(children)).not.toContain("sk-secret");
});

test("of several markers each says what the row has in the column of this name, others the text", async () => {
  const params = { tier: "platinum", markers: ["NAME1", "city"], consent: { subject: "self" } };
  const root = await surveyed(params, ["city", "NAME1", "city"]);
  const { params: asked } = await childOf(root, 3);
  expect(asked).toMatchObject({ lip_sync: true });
  expect(asked.words).toEqual([
    { marker: "city", text: "Goa" },
    { marker: "NAME1", text: "José" },
    { marker: "city", text: "Goa" },
  ]);
});

test("everybody's file is in the archive by a readable name, with the report", async () => {
  const root = await surveyed({ tier: "gold" });
  const voices = (name: string, language: string) => ({ voices: [{ name, language }], duration: 8.2 });
  await endChild(root, 1, clip("file of row 2", voices("espeak-hi", "hi")));
  for (const n of [2, 3, 4]) await endChild(root, n, clip(`file of row ${n + 1}`, voices("flite-slt", "en")));
  const warnings = [{ code: "voice_replaced", detail: "Another voice speaks." }];
  await endChild(root, 5, { ...clip("file of row 6"), warnings });
  await step(root);
  const ended = await step(root);
  expect(ended).toMatchObject({
    ...{ state: "succeeded", outputs: { archive: { type: "application/zip" }, report: { type: "text/csv" } } },
    warnings: [{ code: "voice_replaced", detail: "1 of 5 recipients, row 6 first: Another voice speaks." }],
  });
  const { "report.csv": report, ...files } = await filesOf(ended);
  expect(files).toEqual({
    ...{ "राम.mp4": "file of row 2", "Amit.mp4": "file of row 3", "José.mp4": "file of row 4" },
    ...{ "Amit (2).mp4": "file of row 5", "李雷.mp4": "file of row 6" },
  });
  expect(report!.replace("\uFEFF", "").trim().split("\r\n")).toEqual([
    "row,name,file,status,code,detail,voice,language,seconds,warnings",
    "2,राम,राम.mp4,succeeded,,,espeak-hi,hi,8.2,",
    "3,Amit,Amit.mp4,succeeded,,,flite-slt,en,8.2,",
    "4,José,José.mp4,succeeded,,,flite-slt,en,8.2,",
    "5,Amit,Amit (2).mp4,succeeded,,,flite-slt,en,8.2,",
    "6,李雷,李雷.mp4,succeeded,,,,,,Another voice speaks.",
  ]);
});

test("who fails is told, by row and why; the others are delivered, and a further job does the rest under the same names", async () => {
  const root = await surveyed({ tier: "gold" });
  for (const n of [1, 2, 3, 5]) await endChild(root, n, clip(`file ${n}`));
  await endChild(root, 4, { code: "no_face", detail: "There is no face." });
  await step(root);
  const ended = await step(root);
  expect(ended).toMatchObject({
    state: "succeeded",
    warnings: [{ code: "recipients_failed", detail: "1 of 5 recipients failed, row 5. Row 5: There is no face." }],
  });
  const { "report.csv": report, ...files } = await filesOf(ended);
  expect(Object.keys(files).sort()).toEqual(["Amit.mp4", "José.mp4", "राम.mp4", "李雷.mp4"].sort());
  expect(report).toContain("5,Amit,,failed,no_face,There is no face.,,,,\r\n");

  const again = await surveyed({ tier: "gold", rows: [5] });
  expect(again.children).toBe(2);
  await endChild(again, 1, clip("at last"));
  await step(again);
  const { "report.csv": _, ...rest } = await filesOf(await step(again));
  expect(rest).toEqual({ "Amit (2).mp4": "at last" });
});

test("a job of which nobody gets anything fails, and says with what", async () => {
  const root = await surveyed({ tier: "gold" }, [null], "name\nAmit\nSita\n");
  await endChild(root, 1, { code: "no_face", detail: "There is no face." });
  await endChild(root, 2, { code: "input_unreadable", detail: "Broken." });
  await step(root);
  expect(await step(root)).toMatchObject({
    ...{ state: "failed", outputs: {} },
    error: { code: "no_face", detail: "All 2 recipients failed. Row 2: There is no face." },
  });
});

test("a video that cannot be surveyed fails the job before anybody's file is begun", async () => {
  const root = await newJob({ tier: "gold" });
  await step(root);
  await endChild(root, 0, { code: "input_unreadable", detail: "Input 'video': nobody speaks." });
  await step(root);
  expect(await step(root)).toMatchObject({
    ...{ state: "failed", children: 1, error: { code: "input_unreadable", detail: "Input 'video': nobody speaks." } },
  });
});

test("a plan that is asked again makes the same archive, byte for byte", async () => {
  const root = await surveyed({ tier: "silver" }, [null], "name\nAmit\n");
  await endChild(root, 1, { outputs: { audio: { type: "audio/mpeg", text: "sound" } } });
  const put = store.files.put;
  let broken = true;
  store.files.put = async (key, body, options) => {
    const stored = await put(key, body, options);
    if (!key.includes("/archive") || !broken) return stored;
    broken = false;
    throw new Error("gone");
  };
  await step(root);
  await step(root);
  const ended = await step(root);
  expect(ended).toMatchObject({ state: "succeeded", failures: 1 });
  expect(Object.keys(await filesOf(ended)).sort()).toEqual(["Amit.mp3", "report.csv"]);
});
