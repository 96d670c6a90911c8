import { makeApiKey, parseApiKeys } from "@smileloop/core/api-keys.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { cacheKeys } from "@smileloop/core/jobs/cache.ts";
import { updateJob } from "@smileloop/core/jobs/jobs.ts";
import { SAFEGUARDS } from "@smileloop/core/safeguards.ts";
import { createSeals, secretsOf } from "@smileloop/core/seals.ts";
import { afterEach, describe, expect, it } from "vitest";
import type { TestApi } from "../../../../../test/support/api.ts";
import { CONVERTED, FILES, finishBatch, sendForm, VOICE, vidxApi, ZIP } from "../../../../../test/support/vidx.ts";

let api: TestApi;
afterEach(() => api.close());

async function serve(...args: Parameters<typeof vidxApi>): Promise<void> {
  api = vidxApi(...args);
  await api.listen();
}

type Fault = { loc: (string | number)[]; msg: string; type: string };
type Reply = { status: number; body: { job_id: string; status: string; detail: string | Fault[] } };

async function post(texts: Record<string, string> = {}, files: Record<string, Uint8Array> = FILES): Promise<Reply> {
  const reply = await sendForm(api, "/jobs", { texts, files });
  return { status: reply.status, body: (await reply.json()) as Reply["body"] };
}

async function created(texts: Record<string, string> = {}, files?: Record<string, Uint8Array>): Promise<JobRecord> {
  const { status, body } = await post(texts, files);
  expect(status, JSON.stringify(body)).toBe(200);
  return (await api.deps.records.get("local", body.job_id))!.record;
}

/** `field: message` of each fault. */
async function faults(texts: Record<string, string>, files?: Record<string, Uint8Array>): Promise<string[]> {
  const { status, body } = await post(texts, files);
  expect(status, JSON.stringify(body)).toBe(422);
  return (body.detail as Fault[]).map(({ loc, msg }) => {
    expect(loc[0]).toBe("body");
    return `${loc.slice(1).join(".")}: ${msg}`;
  });
}

const status = async (id: string, base = "") => (await (await fetch(`${api.url}${base}/jobs/${id}`)).json()) as object;

describe("a batch", () => {
  it("has what the form says in the params of its kind, with the original's defaults", async () => {
    await serve();
    const record = await created();
    expect(record).toMatchObject({ kind: "personalize", dialect: "vidx", state: "queued", queue: "plans" });
    expect(record.params).toMatchObject({
      ...{ tier: "silver", name_position: "start", text: "{name}", language: "hi" },
      ...{ silence_db: -30, silence_seconds: 0.3, speed: 1 },
    });
    expect(record.params).not.toHaveProperty("markers");
    expect(Object.keys(record.inputs)).toEqual(["video", "recipients"]);
    // the job has its own copies
    expect((await api.stored()).filter((key) => key.startsWith("uploads/"))).toEqual([]);
  });

  it("takes every field of the document", async () => {
    await serve({}, { safeguards: { ...SAFEGUARDS, attested: "all" } });
    const all = {
      ...{ insert_mode: "diamond", name_position: "end", text: "Hello {name}", lang: "en", tts_provider: "gtts" },
      ...{ elevenlabs_model_id: "eleven_turbo_v2", lip_sync_provider: "wav2lip", wav2lip_checkpoint: "w.pth" },
      ...{ wav2lip_pads: "0 10 0 0", batch_name_tts: "true", batch_split_silence_db: "-40.0" },
      ...{ batch_split_silence_dur: "0.18", batch_gap_hint: "ठहराव", diamond_natural_name: "False" },
      ...{ diamond_gap_seconds: "0.25", platinum_placeholders: "A,B", silence_db: "-35.5", silence_dur: ".4" },
      ...{ convert_mov: "1", base_text: "Hello NAME1, welcome.", consent: "permission" },
    };
    const record = await created(all, { ...FILES, voice_sample: VOICE });
    expect(record.params).toMatchObject({
      ...{ tier: "diamond", name_position: "end", text: "Hello {name}", language: "en", lip_sync: true },
      ...{ natural: false, gap_seconds: 0.25, silence_db: -35.5, silence_seconds: 0.4 },
      ...{ base_text: "Hello NAME1, welcome.", consent: { subject: "permission" } },
    });
    expect(record.consent).toMatchObject({ subject: "permission", by: "caller" });
    expect(Object.keys(record.inputs)).toEqual(["video", "recipients", "voice_sample"]);
    expect(await status(record.id)).toMatchObject({
      warnings: [
        {
          code: "voice_replaced",
          detail: "tts_provider=gtts: a voice of this server speaks, because this provider is not set up here.",
        },
        { code: "lip_sync_replaced", detail: expect.stringContaining("lip_sync_provider=wav2lip") as string },
        { code: "no_effect", detail: expect.stringContaining("batch_gap_hint") as string },
      ],
    });
  });

  it("has the placeholders of platinum as markers, by default NAME1 and NAME2, and lips without being asked", async () => {
    await serve({}, { safeguards: { ...SAFEGUARDS, attested: "all" } });
    const params = { insert_mode: "platinum" };
    expect((await created(params)).params).toMatchObject({ tier: "platinum", markers: ["NAME1", "NAME2"] });
    const named = await created({ ...params, platinum_placeholders: " first , CITY" });
    expect(named.params).toMatchObject({ markers: ["first", "CITY"] });
    for (const platinum_placeholders of ["", " , "]) {
      expect(await post({ ...params, platinum_placeholders })).toMatchObject({
        ...{ status: 400, body: { detail: "platinum_placeholders is required for platinum tier" } },
      });
    }
    expect((await api.stored()).filter((key) => key.startsWith("uploads/"))).toEqual([]);
  });

  it("takes empty parts as parts that were left out", async () => {
    await serve();
    const empty = { insert_mode: "", lang: "", silence_db: "", tts_cmd: "", wav2lip_python: "", consent: "" };
    expect((await created(empty)).params).toMatchObject({ tier: "silver", language: "hi", silence_db: -30 });
  });
});

describe("a voice", () => {
  it("of ElevenLabs needs a sample, in the original's words", async () => {
    await serve();
    expect(await post({ tts_provider: "elevenlabs" })).toMatchObject({
      ...{ status: 400, body: { detail: "voice_sample is required when tts_provider=elevenlabs" } },
    });
  });

  it("of ElevenLabs is one that the operator has set up, or one of the account whose key was sent, which is kept sealed alone", async () => {
    const facts = { title: "Anna", languages: [], gender: null, sample: "", available: true };
    const anna = { ...facts, name: "anna", source: "operator" as const };
    const seals = createSeals([Buffer.alloc(32, 7)]);
    await serve({}, { voices: [...vidxApi().deps.voices, anna], seals });
    const sent = { tts_provider: "elevenlabs", elevenlabs_speed: "1.1", elevenlabs_api_key: "xi-secret" };
    const files = { ...FILES, voice_sample: VOICE };
    const notes = async (record: JobRecord) =>
      ((await status(record.id)) as { warnings: { code: string; detail: string }[] }).warnings;
    const known = await created({ ...sent, elevenlabs_voice_id: "anna" }, files);
    expect(known.params).toMatchObject({ voice: "anna", speed: 1.1 });
    expect(secretsOf(seals, known)).toEqual({});
    expect((await notes(known)).map(({ code }) => code)).toEqual(["no_effect"]);
    const own = { ...sent, elevenlabs_voice_id: "21m00Tcm4TlvDq8ikWAM", elevenlabs_model_id: "eleven_turbo_v2" };
    const account = await created(own, files);
    const voice = "elevenlabs:21m00Tcm4TlvDq8ikWAM";
    expect(account.params).toMatchObject({ voice, voice_model: "eleven_turbo_v2", speed: 1.1 });
    expect(secretsOf(seals, account)).toEqual({ voice_key: "xi-secret" });
    expect(await notes(account)).toEqual([]);
    expect(JSON.stringify([known, account, api.lines])).not.toContain("xi-secret");
  });

  it.each([
    ["id", { elevenlabs_api_key: "xi-secret" }, "elevenlabs_voice_id is missing: voice_sample is not cloned here"],
    ["key", { elevenlabs_voice_id: "21m00Tcm4TlvDq8ikWAM" }, "elevenlabs_api_key is missing"],
  ])("of ElevenLabs without its %s is one of this server, and the status says so", async (_, texts, why) => {
    await serve();
    const record = await created({ tts_provider: "elevenlabs", ...texts }, { ...FILES, voice_sample: VOICE });
    expect(record.params).not.toHaveProperty("voice");
    const [note] = ((await status(record.id)) as { warnings: object[] }).warnings;
    expect(note).toEqual({ code: "voice_replaced", detail: expect.stringContaining(why) as string });
    expect(JSON.stringify([record, api.lines])).not.toContain("xi-secret");
  });

  it("of ElevenLabs is refused where it cannot be one, and where no key can be kept safe", async () => {
    await serve();
    const sent = { tts_provider: "elevenlabs", elevenlabs_api_key: "xi-secret" };
    const files = { ...FILES, voice_sample: VOICE };
    const post = async (texts: Record<string, string>) =>
      (await sendForm(api, "/jobs", { files, texts: { ...sent, ...texts } })).json() as Promise<{ detail: unknown }>;
    expect(await post({ elevenlabs_voice_id: "../voices" })).toMatchObject({
      detail: [
        { loc: ["body", "elevenlabs_voice_id"], msg: expect.stringContaining("elevenlabs:<voice id>") as string },
      ],
    });
    expect(await post({ elevenlabs_voice_id: "21m00Tcm4TlvDq8ikWAM" })).toMatchObject({
      detail: [
        { loc: ["body", "elevenlabs_api_key"], msg: "cannot be kept safe here: the operator has not set SEAL_KEY" },
      ],
    });
  });

  it("that nobody speaks is told at once", async () => {
    await serve();
    expect(await faults({ lang: "tlh" })).toEqual([expect.stringMatching(/^lang: No voice here speaks 'tlh'/)]);
    expect(await faults({ lang: "no language" })).toEqual([expect.stringMatching(/^lang: must be a language/)]);
  });
});

describe("what is refused at once", () => {
  it("has lists of recipients, with the row and the column of each fault", async () => {
    await serve();
    const recipients = new Uint8Array(Buffer.from("name,phone\nAmit,1\n,2\n"));
    expect(await faults({}, { ...FILES, recipients })).toEqual(["recipients: Row 3, column 'name': is empty"]);
    const others = new Uint8Array(Buffer.from("who,phone\nAmit,1\n"));
    expect(await faults({}, { ...FILES, recipients: others })).toEqual([
      "recipients: Missing column 'name'. The columns are: who, phone.",
    ]);
    expect(await faults({ text: "Hello {nam}" })).toEqual([expect.stringMatching(/^text: .*'nam'.*Did you mean name/)]);
  });

  it("says each field that is wrong", async () => {
    await serve();
    const wrong = {
      ...{ insert_mode: "bronze", elevenlabs_speed: "1.5", batch_name_tts: "perhaps", silence_db: "loud" },
      ...{ diamond_gap_seconds: "-1", wav2lip_pads: "0 10", consent: "yes" },
    };
    const fields = (await faults(wrong)).map((fault) => fault.split(":")[0]);
    expect(fields.sort()).toEqual(Object.keys(wrong).sort());
    expect(await faults({}, {})).toEqual(["base_video: Field required", "recipients: Field required"]);
    expect(await faults({ colour: "red" })).toEqual(["colour: This part is not known here"]);
  });

  it("has files that are something else as faults of their fields", async () => {
    await serve();
    const text = new Uint8Array(Buffer.from("just a text"));
    expect(await faults({}, { ...FILES, base_video: text })).toEqual([expect.stringMatching(/^base_video: /)]);
    expect(await faults({}, { ...FILES, recipients: VOICE })).toEqual([
      expect.stringMatching(/^recipients: This is audio/),
    ]);
    expect(await faults({}, { ...FILES, recipients: new Uint8Array() })).toEqual(["recipients: The file is empty."]);
    expect(await api.stored()).toEqual([]);
  });

  it("has programs of the client's, which are never run; an operator may let some be named", async () => {
    await serve({ allowedPrograms: ["say {text}"] });
    const refused = /Programs that clients name are not run here.*VIDX_ALLOW/;
    for (const name of ["tts_cmd", "wav2lip_python", "wav2lip_repo"]) {
      expect(await faults({ [name]: "touch /tmp/x" })).toEqual([expect.stringMatching(refused)]);
    }
    expect(await faults({ tts_provider: "command" })).toEqual(["tts_cmd: Field required when tts_provider=command"]);
    const { id } = await created({ tts_provider: "command", tts_cmd: "say {text}" });
    const warnings = [
      expect.objectContaining({ code: "voice_replaced" }),
      { code: "no_effect", detail: "tts_cmd: has no effect here." },
    ];
    expect(await status(id)).toMatchObject({ warnings });
  });

  it("has lip sync where the tier has none", async () => {
    await serve();
    for (const insert_mode of ["silver", "gold"]) {
      expect(await faults({ insert_mode, lip_sync_provider: "wav2lip" })).toEqual([
        `lip_sync_provider: Lips do not follow the words with insert_mode=${insert_mode}: use diamond or platinum, or lip_sync_provider=none`,
      ]);
    }
  });

  it("has changed faces without consent, unless the operator answers for it", async () => {
    await serve();
    const asked = { insert_mode: "diamond", lip_sync_provider: "sync_api" };
    expect(await faults(asked)).toEqual([
      expect.stringMatching(/^consent: is needed where somebody's face is changed/),
    ]);
    expect((await created({ ...asked, consent: "self" })).consent).toMatchObject({ subject: "self" });
    await created({ insert_mode: "diamond" });
    await api.close();
    const attested = { dialects: new Set(["vidx"]), usual: true };
    await serve({}, { safeguards: { ...SAFEGUARDS, attested } });
    expect((await created(asked)).consent).toMatchObject({ by: "operator" });
  });

  it("has files that are too large, without reading them to their end", async () => {
    const { kinds } = vidxApi().deps;
    const kind = kinds.get("personalize")!;
    const slots = { ...kind.slots, video: { ...kind.slots.video!, maxBytes: 100 } };
    await serve({}, { kinds: new Map([...kinds, ["personalize", { ...kind, slots }]]) });
    const { status, body } = await post();
    expect(status).toBe(413);
    expect(body.detail).toMatch(/^The file 'base_video' is larger than 100 bytes/);
    expect(await api.stored()).toEqual([]);
  });

  it("has everything where nothing makes such videos", async () => {
    const { kinds } = vidxApi().deps;
    await serve({}, { kinds: new Map([...kinds].filter(([name]) => name !== "personalize" && name !== "convert")) });
    expect(await post()).toMatchObject({ status: 503, body: { detail: "Nothing here makes personalised videos." } });
    expect((await sendForm(api, "/convert")).status).toBe(503);
  });
});

describe("how far a batch is", () => {
  it("goes from queued to done, with its counts and a ZIP", async () => {
    await serve();
    const { id, created_at } = await created();
    const common = { job_id: id, created_at: created_at / 1000, error: null };
    const none = { total: null, succeeded: 0, failed: 0, running: 0 };
    expect(await status(id)).toMatchObject({ ...common, status: "queued", updated_at: created_at / 1000, ...none });
    expect(await status(id)).not.toHaveProperty("download_url");
    const early = await fetch(`${api.url}/jobs/${id}/download`);
    expect([early.status, await early.json()]).toEqual([400, { detail: "job not ready" }]);

    api.clock.advance(1500);
    const job = { owner: "local", id };
    const token = await api.worker.claim(job);
    expect(await status(id)).toMatchObject({ ...common, status: "running", updated_at: (created_at + 1500) / 1000 });
    const held = { by: "holder", token } as const;
    await updateJob(api.deps, "local", id, () => ({ ...held, do: "wait", children: 1, ended: 0, expected: 4 }));
    expect(await status(id)).toMatchObject({ status: "running", total: 3, succeeded: 0, failed: 0, running: 3 });
    await updateJob(api.deps, "local", id, () => ({ by: "worker", do: "wake", ended: 1 }));
    const again = { by: "holder", token: await api.worker.claim(job) } as const;
    await updateJob(api.deps, "local", id, () => ({ ...again, do: "wait", children: 4, ended: 1 }));
    const ended = { succeeded: 2, failed: 1, canceled: 0 };
    await updateJob(api.deps, "local", id, () => ({ by: "worker", do: "count", ended }));
    expect(await status(id)).toMatchObject({ status: "running", total: 3, succeeded: 1, failed: 1, running: 1 });
    await updateJob(api.deps, "local", id, () => ({ by: "worker", do: "wake", ended: 4 }));
    await finishBatch(api, job);
    // by its report
    expect(await status(id)).toMatchObject({
      ...{ total: 3, succeeded: 2, failed: 1, running: 0, voice: "espeak-hi" },
      failures: [{ row: 4, name: "Sumit", code: "voice_unavailable", detail: "The voice did not answer." }],
    });
    expect(await status(id, "/vidx")).toMatchObject({
      ...common,
      status: "done",
      download_url: `/jobs/${id}/download`,
    });

    for (const base of ["", "/vidx"]) {
      const reply = await fetch(`${api.url}${base}/jobs/${id}/download`);
      expect([reply.status, reply.headers.get("content-type")]).toEqual([200, "application/zip"]);
      expect(reply.headers.get("content-disposition")).toBe(`attachment; filename="${id}.zip"`);
      expect(new Uint8Array(await reply.arrayBuffer())).toEqual(ZIP);
    }
    api.clock.advance(61 * 60_000);
    expect(await status(id)).toMatchObject({
      status: "failed",
      error: expect.stringMatching(/kept for an hour/) as string,
    });
    expect((await fetch(`${api.url}/jobs/${id}/download`)).status).toBe(410);
  });

  it("is failed with the reason where nothing came of it", async () => {
    await serve();
    const { id } = await created();
    const job = { owner: "local", id };
    const error = { code: "input_unreadable", detail: "The video has no sound.", input: "video" } as const;
    await api.worker.fail(job, await api.worker.claim(job), error);
    expect(await status(id)).toMatchObject({ status: "failed", error: "The video has no sound." });
  });

  it("is told to its owner alone, and of batches alone", async () => {
    const [alice, bob] = [makeApiKey("alice"), makeApiKey("bob")];
    const { keys } = parseApiKeys(`${alice.entry},${bob.entry}`);
    await serve({ access: { keys, anonymous: false } });
    const headers = { "X-API-Key": alice.key };
    const made = await sendForm(api, "/vidx/jobs", { init: { headers } });
    const { job_id } = (await made.json()) as { job_id: string };
    const ask = async (path: string, key: string) => {
      const reply = await fetch(`${api.url}${path}`, { headers: { "X-API-Key": key } });
      return [reply.status, ((await reply.json()) as { detail?: string }).detail];
    };
    const missing = [404, "job not found"];
    expect(await ask(`/jobs/${job_id}`, alice.key)).toEqual([200, undefined]);
    for (const path of [`/jobs/${job_id}`, `/jobs/${job_id}/download`])
      expect(await ask(path, bob.key)).toEqual(missing);
    for (const id of ["abc123", "..%2F..%2Fx", "0".repeat(32)]) {
      expect(await ask(`/jobs/${id}`, alice.key)).toEqual(missing);
      expect(await ask(`/jobs/${id}/download`, alice.key)).toEqual(missing);
    }
  });
});

describe("converting", () => {
  const MOV = { base_video: FILES.base_video };

  it("waits, and sends the MP4", async () => {
    await serve();
    const replying = sendForm(api, "/convert", { files: MOV, texts: { crf: "23", preset: "fast", audio_bitrate: "" } });
    await expect.poll(async () => (await api.deps.records.list("local", { limit: 1 })).records.length).toBe(1);
    const { records } = await api.deps.records.list("local", { limit: 1 });
    const [{ id, params }] = records as [JobRecord];
    expect(params).toMatchObject({ crf: 23, preset: "fast", audio_bitrate: "160k" });
    await api.worker.succeed({ owner: "local", id }, await api.worker.claim({ owner: "local", id }), CONVERTED);
    const reply = await replying;
    expect([reply.status, reply.headers.get("content-type")]).toEqual([200, "video/mp4"]);
    expect(reply.headers.get("content-disposition")).toBe('attachment; filename="converted.mp4"');
    expect(new Uint8Array(await reply.arrayBuffer())).toEqual(CONVERTED);
  });

  it("says what is wrong before any work", async () => {
    await serve();
    const reply = await sendForm(api, "/convert", { files: MOV, texts: { crf: "77", preset: "warp speed" } });
    const { detail } = (await reply.json()) as { detail: Fault[] };
    expect([reply.status, detail.map(({ loc }) => loc)]).toEqual([
      422,
      [
        ["body", "crf"],
        ["body", "preset"],
      ],
    ]);
    const none = await sendForm(api, "/convert", { files: {} });
    expect(await none.json()).toEqual({
      detail: [{ loc: ["body", "base_video"], msg: "Field required", type: "missing" }],
    });
  });

  it("says why a video could not be converted, and keeps nothing of it", async () => {
    await serve();
    const replying = sendForm(api, "/convert", { files: MOV });
    const job = async () => (await api.deps.records.list("local", { limit: 1 })).records[0];
    await expect.poll(async () => (await job()) !== undefined).toBe(true);
    const { id } = (await job())!;
    const error = { code: "input_unreadable", detail: "The video is damaged.", input: "video" } as const;
    await api.worker.fail({ owner: "local", id }, await api.worker.claim({ owner: "local", id }), error);
    const reply = await replying;
    const fault = { loc: ["body", "base_video"], msg: "The video is damaged.", type: "input_unreadable" };
    expect([reply.status, await reply.json()]).toEqual([422, { detail: [fault] }]);
    expect((await job())?.state).toBe("deleted");
  });

  it("is canceled when its client leaves, or has waited for long enough", async () => {
    await serve();
    const leaving = new AbortController();
    const replying = sendForm(api, "/convert", { files: MOV, init: { signal: leaving.signal } }).catch(() => {});
    const job = async () => (await api.deps.records.list("local", { limit: 1 })).records[0];
    await expect.poll(async () => (await job()) !== undefined).toBe(true);
    leaving.abort();
    await replying;
    await expect.poll(async () => (await job())?.state).toBe("canceled");
    await api.close();
    await serve({ dialectWaitMs: 0 });
    const late = await sendForm(api, "/convert", { files: MOV });
    expect(late.status).toBe(504);
    expect((await job())?.state).toBe("canceled");
  });
});

it("large files are passed on where replies may be of any size, else the client is sent to the storage", async () => {
  for (const largeReplies of [true, false]) {
    await serve({ largeReplies }, { localLinks: null });
    const { id } = await created();
    await finishBatch(api, { owner: "local", id });
    const stored = await api.deps.records.get("local", id);
    const { archive } = stored!.record.outputs;
    await api.deps.records.replace(
      { ...stored!.record, outputs: { ...stored!.record.outputs, archive: { ...archive!, bytes: 5 * 1024 * 1024 } } },
      stored!.etag,
    );
    const reply = await fetch(`${api.url}/jobs/${id}/download`, { redirect: "manual" });
    expect(reply.status).toBe(largeReplies ? 200 : 302);
    await reply.arrayBuffer();
    await api.close();
  }
  await serve();
});

it("names that were kept are forgotten", async () => {
  await serve();
  const now = api.clock.now();
  const keep = async (owner: string, sha256: string) => {
    const [key] = cacheKeys({ nowMs: now, lifeMs: 3_600_000 }, owner, sha256);
    await api.deps.files.put(key!, only(VOICE), { type: "audio/wav" });
  };
  for (const hash of ["a", "b"]) await keep("local", hash.repeat(64));
  await keep("bob", "c".repeat(64));
  const clear = async () => (await fetch(`${api.url}/cache/name-audio/clear`, { method: "POST" })).json();
  expect(await clear()).toEqual({ status: "ok", cleared_dir: "name_audio_cache", removed_files: 2, removed_dirs: 1 });
  expect(await api.stored()).toEqual([expect.stringContaining("bob")]);
  expect(await clear()).toMatchObject({ removed_files: 0, removed_dirs: 0 });
});

async function* only(bytes: Uint8Array) {
  yield bytes;
}
