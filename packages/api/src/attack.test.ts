/** Whatever is put into what the API takes: an error that says where, of a bounded length, and never one of ours. */
import { newId } from "@smileloop/core/job/ids.ts";
import { afterEach, expect, it } from "vitest";
import type { TestApi } from "../../../test/support/api.ts";
import { attacks, type Hostile, type Valid } from "../../../test/support/attack.ts";
import { makeJob, makeSound, makeUpload } from "../../../test/support/jobs.ts";
import { lipsyncApi } from "../../../test/support/lipsync.ts";

const SEED = 20261129;
/** Characters of an error's reply: 20 faults, each with 500 of a sentence and its place. */
const MAX_ERROR_CHARS = 16_000;
const MAX_LINE_CHARS = 20_000;

let api: TestApi;
afterEach(() => api.close());

async function answered(): Promise<Hostile[]> {
  api = lipsyncApi({ dialectWaitMs: 0, maxWaitMs: 0, liveEvents: false });
  const job = await makeJob(api);
  const upload = await makeUpload(api);
  const kinds = (await (await api.app.fetch(new Request("http://localhost/v1/kinds"))).json()) as {
    kinds: { name: string; params: object }[];
  };
  const params = kinds.kinds.find(({ name }) => name === "animate")!.params;
  const names = { image_filename: `${upload}.jpg`, audio_filename: `${await makeSound(api)}.wav` };
  const parameters: Record<string, string> = {
    id: job.id,
    job_id: job.id,
    name: "blink",
    key: "a",
    filename: names.audio_filename,
  };
  const generation = {
    model: "lipsync-2",
    input: ["video", "audio"].map((type) => ({ type, url: `https://files.example/${type}` })),
    options: { sync_mode: "loop", temperature: 0.5 },
  };
  const valid: Valid = {
    // what is put there is new
    parameter: (name, method) =>
      method === "PUT" && name === "id" ? newId(api.clock.now()) : (parameters[name] ?? ""),
    json: (path) =>
      path === "/v1/uploads"
        ? { content_type: "image/jpeg", size: 100 }
        : path === "/v1/inspect"
          ? { input: { upload } }
          : path.startsWith("/api/v1/generate")
            ? { ...names, output_fps: 25, output_resolution: 512 }
            : path.startsWith("/v2/")
              ? generation
              : { kind: "animate", inputs: { image: { upload } }, params: { preset: "blink" }, metadata: {} },
    schema: { params },
  };
  const document = api.app.document() as Parameters<typeof attacks>[0];
  const byUrl = { kind: "animate", inputs: { image: { url: "https://files.example/a" } }, params: { preset: "blink" } };
  const urls: Valid = { ...valid, json: (path) => (path === "/v1/jobs" ? byUrl : valid.json(path)) };
  return [...attacks(document, valid, SEED), ...attacks(onlyJobs(document), urls, SEED)];
}

/** The part of the document that takes inputs. */
function onlyJobs<D extends { paths: Record<string, unknown> }>(document: D): D {
  return { ...document, paths: { "/v1/jobs": document.paths["/v1/jobs"] } };
}

it("every string, list and object of every route, one after another", async () => {
  const hostile = await answered();
  expect(hostile.length).toBeGreaterThan(1000);
  const faults: string[] = [];
  for (const { what, must, request } of hostile) {
    const reply = await api.app.fetch(request());
    const text = await reply.text();
    const bad = (why: string) => faults.push(`${what}: ${reply.status} ${why} ${text.slice(0, 200)}`);
    if (reply.status >= 500) bad("is our fault");
    if (must && reply.status < 400) bad("was accepted");
    if (reply.status >= 400 && text.length > MAX_ERROR_CHARS) bad(`has ${text.length} characters`);
    if (reply.status >= 400 && reply.status !== 404 && !/"(detail|message)":/.test(text) && request().method !== "HEAD")
      bad("says nothing");
    if (/"code":"invalid_request"/.test(text) && !/"errors":\[\{"loc":\["/.test(text)) bad("does not say where");
  }
  expect(faults.slice(0, 20)).toEqual([]);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  const longest = api.lines.map((line) => JSON.stringify(line).length).reduce((most, length) => Math.max(most, length));
  expect(longest).toBeLessThan(MAX_LINE_CHARS);
  expect(api.lines.filter(({ event }) => event === "request_failed")).toEqual([]);
  const list = await api.app.fetch(new Request("http://localhost/v1/jobs?limit=100"));
  expect((await list.text()).length).toBeLessThan(1.5e6);
});
