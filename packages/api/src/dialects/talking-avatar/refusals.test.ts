/** What is refused at once, what a job finds while its client waits, and that nothing of either is left. */
import { AppError } from "@smileloop/core/errors.ts";
import type { JobError } from "@smileloop/core/job/record.ts";
import { loadPresets } from "@smileloop/core/motion/preset.ts";
import { afterEach, describe, expect, it } from "vitest";
import { openAdmission, type TestApi, testApi } from "../../../../../test/support/api.ts";
import { kindsWith } from "../../../../../test/support/kinds.ts";
import { generate, outcome, send, uploadBoth, work } from "../../../../../test/support/talking-avatar.ts";
import type { ApiConfig, ApiDeps } from "../../deps.ts";

let api: TestApi;
let stopWorker: (() => Promise<void>) | null = null;
afterEach(async () => {
  await stopWorker?.();
  stopWorker = null;
  await api.close();
});
async function start(config: Partial<ApiConfig> = {}, deps: Partial<ApiDeps> = {}): Promise<void> {
  api = testApi(config, deps);
  await api.listen();
}

describe("a job that fails while its client waits", () => {
  const noFace: JobError = { code: "no_face", detail: "No face was found.", input: "image" };
  it("names the file at fault, and takes it and the job away", async () => {
    await start();
    stopWorker = work(api, noFace);
    const names = await uploadBoth(api);
    const fault = { loc: ["body", "image_filename"], msg: "No face was found.", type: "no_face" };
    expect(await outcome(generate(api, names))).toEqual([422, [fault]]);
    const audio = names.audio_filename.slice(0, 32);
    expect(await api.stored()).toEqual([`uploads/${audio}.local`]);
    const { records } = await api.deps.records.list("local", { limit: 5 });
    expect(records.map(({ state }) => state)).toEqual(["deleted"]);
  });

  it.each<[string, JobError, number, unknown]>([
    [
      "a sound that does not decode",
      { code: "input_unreadable", detail: "It ends in the middle.", input: "audio" },
      422,
      [{ loc: ["body", "audio_filename"], msg: "It ends in the middle.", type: "input_unreadable" }],
    ],
    [
      "a sound that is none",
      { code: "unsupported_type", detail: "This is Opus.", input: "audio" },
      400,
      "Invalid file type. Allowed: WAV, MP3",
    ],
    [
      "a sound that is longer than its header says",
      { code: "input_too_large", detail: "The sound is 400 s long; at most 300 s are accepted.", input: "audio" },
      413,
      "The sound is 400 s long; at most 300 s are accepted.",
    ],
    [
      "an engine that crashed",
      { code: "engine_crashed", detail: "signal 11 in /opt/engine" },
      500,
      "The engine crashed.",
    ],
    ["a bad result", { code: "check_still", detail: "r = 0.01" }, 500, "Nothing moves in the result."],
  ])("%s", async (_name, error, status, detail) => {
    await start();
    stopWorker = work(api, error);
    expect(await outcome(generate(api, await uploadBoth(api)))).toEqual([status, detail]);
    if (status === 500)
      expect(api.lines.find(({ event }) => event === "talk_failed")).toMatchObject({ detail: error.detail });
  });
});

describe("refusals", () => {
  const fault = (name: string, msg: unknown, type: string) => [{ loc: ["body", name], msg, type }];
  it.each<[string, object, unknown]>([
    ["no picture", { image_filename: undefined }, fault("image_filename", "Field required", "missing")],
    ["a number for a name", { audio_filename: 5 }, fault("audio_filename", "must be text, got 5", "invalid_type")],
    ["too few frames", { output_fps: 9 }, fault("output_fps", "at least 10, got 9", "greater_than_equal")],
    ["too many frames", { output_fps: "61" }, fault("output_fps", "at most 60, got 61", "less_than_equal")],
    ["half a frame", { output_fps: 25.5 }, fault("output_fps", "must be a whole number, got 25.5", "invalid_type")],
    ["words", { output_fps: "fast" }, fault("output_fps", "must be a number, got 'fast'", "invalid_type")],
    ["null", { output_fps: null }, fault("output_fps", "must be a number, got null", "invalid_type")],
    [
      "a size between",
      { output_resolution: 720 },
      fault("output_resolution", "must be one of 256, 512, 1024, got 720", "literal_error"),
    ],
    [
      "a field that is not known",
      { style: "3d" },
      [
        {
          loc: ["body"],
          msg: expect.stringMatching(/^unknown name 'style'; allowed: audio_filename/),
          type: "extra_forbidden",
        },
      ],
    ],
  ])("%s", async (_name, asked, detail) => {
    await start();
    const names = await uploadBoth(api);
    for (const how of ["", "/async"] as const) {
      expect(await outcome(generate(api, { ...names, ...asked }, { how }))).toEqual([422, detail]);
    }
    expect((await api.stored()).length).toBe(2);
  });

  it("what is not JSON, or not an object", async () => {
    await start();
    const post = (body: string) => outcome(send(api, "/generate", { method: "POST", body }));
    const broken = { loc: ["body"], msg: expect.stringMatching(/^JSON decode error: /), type: "json_invalid" };
    for (const body of ["", "{", "image=1"]) expect(await post(body)).toEqual([422, [broken]]);
    for (const body of ["[]", "null", "5"]) expect(await post(body)).toMatchObject([422, [{ loc: ["body"] }]]);
    const both = [
      fault("image_filename", "Field required", "missing"),
      fault("audio_filename", "Field required", "missing"),
    ];
    expect(await post("{}")).toEqual([422, both.flat()]);
    expect(await post(`"${"x".repeat(300_000)}"`)).toMatchObject([413, expect.stringContaining("262144")]);
  });

  it("a file that is not there or is of the other kind", async () => {
    await start();
    const { image_filename: image, audio_filename: audio } = await uploadBoth(api);
    const ask = (image_filename: string, audio_filename: string) =>
      outcome(generate(api, { image_filename, audio_filename }));
    expect(await ask("abc123.jpg", audio)).toEqual([404, "Image file not found: abc123.jpg"]);
    expect(await ask(image, "def456.wav")).toEqual([404, "Audio file not found: def456.wav"]);
    expect(await ask(audio, audio)).toEqual([400, "Invalid file type. Allowed: image/png, image/jpeg, image/jpg"]);
    expect(await ask(image, image)).toEqual([400, "Invalid file type. Allowed: WAV, MP3"]);
  });

  it("a server without an engine for it, or without capacity", async () => {
    const kinds = kindsWith(loadPresets("presets"), []);
    await start({}, { kinds });
    expect(await outcome(generate(api, await uploadBoth(api)))).toEqual([
      503,
      "There is no engine here that makes faces talk.",
    ]);
    expect(await (await send(api, "/health")).json()).toEqual({ status: "healthy", version: "1.0.0", device: "cpu" });
    kinds.delete("talk");
    expect(await outcome(generate(api, await uploadBoth(api)))).toMatchObject([503, /no engine/]);
    await api.close();
    const queueFor = async () => {
      throw new AppError("no_capacity", "Try again in about 12 minutes.", { retryAfterSeconds: 720 });
    };
    await start({}, { admission: { ...openAdmission(), queueFor } });
    const reply = await generate(api, await uploadBoth(api));
    expect([reply.status, reply.headers.get("retry-after")]).toEqual([503, "720"]);
    expect((await api.stored()).length).toBe(2);
  });

  it("says nothing of what is our fault but the request's id", async () => {
    await start();
    const names = await uploadBoth(api);
    api.deps.records.create = async () => {
      throw new Error("ENOENT /var/lib/secret");
    };
    const reply = await generate(api, names, { headers: { "X-Request-Id": "abc" } });
    expect([reply.status, await reply.json()]).toEqual([
      500,
      { detail: "Internal server error occurred", request_id: "abc" },
    ]);
  });
});
