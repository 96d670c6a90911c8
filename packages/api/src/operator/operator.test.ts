/** What an operator is shown and can do, and who else gets in. */
import { makeApiKey, parseApiKeys } from "@smileloop/core/api-keys.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { uploadKey } from "@smileloop/core/job/keys.ts";
import { createChild } from "@smileloop/core/jobs/children.ts";
import { createJob } from "@smileloop/core/jobs/jobs.ts";
import { sweepOnce } from "@smileloop/core/jobs/sweep.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { jpegBytes, type TestApi, testApi } from "../../../../test/support/api.ts";
import { makeJob } from "../../../../test/support/jobs.ts";
import { withoutQuotes } from "./line.ts";
import { MAX_READ } from "./lists.ts";

const [operator, alice, stranger] = ["operator", "alice-and-her-studio", "carol"].map(makeApiKey) as [Key, Key, Key];
type Key = ReturnType<typeof makeApiKey>;
const operators = parseApiKeys(operator.entry).keys;
const { keys } = parseApiKeys(alice.entry);
const TOKEN = "f3a9c05d7e1b48266a0d94c7b18e52f0";

let api: TestApi;
beforeEach(() => {
  api = testApi({ operators });
});
afterEach(() => api.close());

type Headers = Record<string, string>;
type Line = {
  id: string;
  status: string;
  owner: string;
  error: { code: string; detail: string } | null;
  replay: { possible: boolean; why_not: string | null };
} & Record<string, unknown>;
type Body = {
  jobs: Line[];
  next_cursor: string | null;
  looked_at: number;
  id: string;
  detail: string;
  queues: { name: string; waiting: number }[];
} & Record<string, unknown>;

const asOperator = { Authorization: `Bearer ${operator.key}` };

async function call(method: string, path: string, headers: Headers = asOperator, of = api) {
  const reply = await of.app.fetch(new Request(`http://localhost/v1/operator/${path}`, { method, headers }));
  return { status: reply.status, headers: reply.headers, body: (await reply.json()) as Body };
}

const list = async (name: string, more = "") => (await call("GET", `jobs?list=${name}${more}`)).body;

/** A job that has failed for good. */
async function failedJob(detail = "The engine stopped.", more: object = {}): Promise<string> {
  const job = await makeJob(api, {}, more);
  await api.worker.fail(job, await api.worker.claim(job), { code: "no_face", detail });
  return job.id;
}

async function* only(bytes: Uint8Array) {
  yield bytes;
}

describe("who is let in", () => {
  const PATHS = ["overview", "jobs?list=active", `jobs/${newId(0)}/replay`] as const;
  const methodOf = (path: string) => (path.endsWith("replay") ? "POST" : "GET");
  const OTHERS: [string, Headers][] = [
    ["nothing", {}],
    ["a client's key", { Authorization: `Bearer ${alice.key}` }],
    ["an unknown key", { "X-API-Key": stranger.key }],
    ["the hash itself", { "X-API-Key": operator.entry.split(":")[1]! }],
    ["a browser's token", { "X-Anonymous-Token": TOKEN }],
    ["both keys", { ...asOperator, "X-API-Key": alice.key }],
  ];

  it.each(["open", "keys and tokens"])("only the operator's key, on a server for %s", async (kind) => {
    const access = kind === "open" ? ("open" as const) : { keys, anonymous: true };
    const here = testApi({ access, operators });
    for (const path of PATHS) {
      for (const [who, headers] of OTHERS) {
        const refused = await call(methodOf(path), path, headers, here);
        expect([refused.status, who, path]).toEqual([401, who, path]);
      }
      for (const headers of [asOperator, { "x-api-key": operator.key }]) {
        expect((await call(methodOf(path), path, headers, here)).status).toBe(path.endsWith("replay") ? 404 : 200);
      }
    }
    const asClient = await here.app.fetch(new Request("http://localhost/v1/jobs", { headers: asOperator }));
    expect(asClient.status).toBe(kind === "open" ? 200 : 401);
  });

  it.each([
    "/v1/%6fperator/overview",
    "/%76%31/operator/overview",
    "/v1/%6Fperator/jobs?list=failed",
    "/v1/%6fperator/%zz",
  ])("nor those who encode the address in another way: %s", async (path) => {
    for (const here of [testApi({}), testApi({ access: { keys, anonymous: true }, operators })]) {
      for (const headers of [{}, { Authorization: `Bearer ${alice.key}` }, { "X-Anonymous-Token": TOKEN }]) {
        const reply = await here.app.fetch(new Request(`http://localhost${path}`, { headers }));
        expect([401, 403], path).toContain(reply.status);
      }
      await here.close();
    }
  });

  it("nobody where no operator is set, not even on loopback, and the reply says how to set one", async () => {
    const here = testApi();
    for (const path of PATHS) {
      const { status, body } = await call(methodOf(path), path, asOperator, here);
      expect([status, body.code]).toEqual([403, "forbidden"]);
      expect(body.detail).toMatch(/npm run -s key -- operator.*OPERATOR_KEY/);
    }
  });
});

describe("jobs of all owners", () => {
  it("are listed by what has become of them, without what they are about", async () => {
    api = testApi({ operators, access: { keys, anonymous: false } });
    const owner = "alice-and-her-studio";
    const upload = newId(api.clock.now());
    await api.deps.files.put(uploadKey(owner, upload), only(jpegBytes()), { type: "image/jpeg" });
    const make = async () => {
      const body = { kind: "talk", inputs: { image: { upload } }, params: { text: "my secret words" } };
      const reply = await api.app.fetch(
        new Request("http://localhost/v1/jobs", {
          method: "POST",
          headers: { Authorization: `Bearer ${alice.key}`, "Content-Type": "application/json" },
          body: JSON.stringify({ ...body, metadata: { name: "Bob" } }),
        }),
      );
      return { owner, id: ((await reply.json()) as { id: string }).id };
    };
    const [failed, running, queued, done] = [await make(), await make(), await make(), await make()];
    const detail = "No voice says 'my secret words' in \"my secret words\".";
    await api.worker.fail(failed, await api.worker.claim(failed), { code: "no_speech", detail });
    const token = await api.worker.claim(running);
    await api.worker.beat(running, token, { stage: "render", done: 1, total: 4, percent: 25 });
    await api.worker.succeed(done, await api.worker.claim(done), new Uint8Array(100));

    const active = await call("GET", "jobs?list=active");
    expect(active.headers.get("cache-control")).toBe("no-store");
    expect(new Map(active.body.jobs.map(({ id, status }) => [id, status]))).toEqual(
      new Map([
        [running.id, "running"],
        [queued.id, "queued"],
      ]),
    );
    const line = active.body.jobs.find(({ id }) => id === running.id);
    expect(line).toMatchObject({ worker: "fake", stage: "render", percent: 25, attempt: 1, owner: "alice-an…" });
    const failures = await list("failed");
    expect(failures.jobs).toMatchObject([
      { id: failed.id, error: { code: "no_speech", detail: "No voice says '…' in \"…\"." }, failures: 1 },
    ]);
    const ended = await list("ended");
    expect(ended.jobs.map(({ id }) => id).sort()).toEqual([failed.id, done.id].sort());
    const all = JSON.stringify([active.body, failures, ended]);
    expect(all).not.toMatch(/secret words|Bob|image\/jpeg|uploads|studio/);
  });

  it("come in pages that lose none, of all owners", async () => {
    const ids = [];
    for (let n = 0; n < 7; n++) {
      ids.push(await failedJob());
      if (n % 3 === 0) await api.clock.advance(1000);
    }
    const found: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const page: Body = await list("failed", `&limit=2${cursor && `&cursor=${cursor}`}`);
      expect(page.jobs.length).toBeLessThanOrEqual(2);
      found.push(...page.jobs.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    expect(found.sort()).toEqual(ids.sort());
    const bad = await call("GET", "jobs?list=failed&cursor=jobs/local");
    expect([bad.status, bad.body.detail]).toEqual([422, expect.stringMatching(/^cursor: /)]);
    expect((await call("GET", "jobs?list=others")).status).toBe(422);
    expect((await call("GET", "jobs?list=failed&limit=101")).status).toBe(422);
  });

  it("are read a bounded number at a time, and those of a plan's children not at all", async () => {
    const { owner, id } = await makeJob(api);
    for (let n = 0; n < MAX_READ + 20; n++) {
      await createJob(api.deps, {
        ...{ owner: "bulk", kind: "animate", queue: "warp", engine: "warp", params: {}, metadata: {} },
        ...{ estimateSeconds: 1, storeInputs: async () => ({}) },
      });
    }
    await api.worker.claim({ owner, id });
    const root = (await api.deps.records.get(owner, id))!.record;
    await createChild(api.deps, root, 0, {
      ...{ kind: "animate", queue: "warp", engine: "warp", params: {}, metadata: {}, estimateSeconds: 1 },
      storeInputs: async () => ({}),
    });
    const first = await list("failed");
    expect(first.looked_at).toBeGreaterThanOrEqual(MAX_READ);
    expect(first.looked_at).toBeLessThan(MAX_READ + 16);
    expect(first.next_cursor).not.toBeNull();
    const second = await list("failed", `&cursor=${first.next_cursor}`);
    expect(first.looked_at + second.looked_at).toBe(MAX_READ + 21);
    expect(second.next_cursor).toBeNull();
  });

  it("leave the lists when their files go", async () => {
    await failedJob();
    await sweepOnce(api.deps);
    expect((await list("ended")).jobs).toHaveLength(1);
    await api.clock.advance(3_600_001);
    expect((await list("ended")).jobs).toEqual([]);
    expect((await list("failed")).jobs).toEqual([]);
  });
});

describe("a replay", () => {
  it("is a new job of the same owner with the same inputs and params, made once", async () => {
    const metadata = { order: "7" };
    const id = await failedJob("The engine stopped.", { params: { preset: "nod", seed: 7 }, metadata });
    const made = await call("POST", `jobs/${id}/replay`);
    expect([made.status, made.body]).toEqual([201, { id: expect.any(String), kind: "animate", status: "queued" }]);
    const [old, fresh] = [
      (await api.deps.records.get("local", id))!.record,
      (await api.deps.records.get("local", made.body.id))!.record,
    ];
    expect([fresh.params, fresh.metadata, fresh.dialect]).toEqual([old.params, metadata, old.dialect]);
    expect(fresh.inputs.image).toMatchObject([{ bytes: 2000, source: `job:${id}/image` }]);
    expect(fresh.inputs.image![0]!.key).not.toBe(old.inputs.image![0]!.key);
    expect(await api.deps.queue.depth("warp")).toMatchObject({ waiting: 2 });
    expect((await call("POST", `jobs/${id}/replay`)).body.id).toBe(made.body.id);
    expect(await api.deps.queue.depth("warp")).toMatchObject({ waiting: 2 });
    // its files are its own
    await api.app.fetch(new Request(`http://localhost/v1/jobs/${id}`, { method: "DELETE" }));
    expect(await api.stored()).toContain(fresh.inputs.image![0]!.key);
  });

  it("is refused where it cannot be the same, with the reason, and the list says so before", async () => {
    const queued = (await makeJob(api)).id;
    expect((await call("POST", `jobs/${queued}/replay`)).body.detail).toMatch(/only jobs that failed.*it is queued/i);
    const id = await failedJob();
    const { record } = (await api.deps.records.get("local", id))!;
    const fetches = [{ slot: "image", nth: 0, source: "url:https://a.example/b" }];
    for (const [change, why] of [
      [{ had_secrets: true as const }, /secret param/],
      [{ fetches }, /never fetched/],
    ] as const) {
      const now = (await api.deps.records.get("local", id))!;
      await api.deps.records.replace({ ...record, ...change }, now.etag);
      const { status, body } = await call("POST", `jobs/${id}/replay`);
      expect([status, body.code, body.detail]).toEqual([409, "conflict", expect.stringMatching(why)]);
      expect((await list("failed")).jobs[0]!.replay).toEqual({ possible: false, why_not: expect.stringMatching(why) });
    }
    expect((await call("POST", `jobs/${newId(api.clock.now())}/replay`)).status).toBe(404);
    expect((await call("POST", "jobs/x/replay")).status).toBe(404);
    await api.clock.advance(3_600_001);
    expect((await call("POST", `jobs/${id}/replay`)).status).toBe(409);
  });
});

describe("the overview", () => {
  it("says what waits where, and null for what nobody here knows", async () => {
    await makeJob(api);
    const { body } = await call("GET", "overview");
    const warp = body.queues.find(({ name }) => name === "warp");
    expect(warp).toMatchObject({
      kinds: expect.arrayContaining(["animate"]),
      engines: ["warp"],
      waiting: 1,
      running: 0,
    });
    expect(body).toMatchObject({ version: "1.2.3", ready: true, engines: null, figures: null });
    expect(body.storage).toEqual({ free_bytes: null, total_bytes: null, state: null, unreadable_records: 0 });
  });

  it("has what this process knows; a part that fails is unknown, and the others stay", async () => {
    const engine = { name: "warp", queue: "warp", state: "ok", version: "1.0", slots: 2, busy: 1, memory_bytes: 5 };
    const observed = {
      engines: async () => [engine],
      room: async () => ({ full: false, state: "ok", freeBytes: 10, totalBytes: 20 }),
      figures: async () => {
        throw new Error("no figures");
      },
    };
    const here = testApi({ operators }, { observed });
    const { body } = await call("GET", "overview", asOperator, here);
    expect(body).toMatchObject({ engines: [engine], figures: null, storage: { free_bytes: 10, total_bytes: 20 } });
  });
});

it("a sentence is shown without what it quotes", () => {
  expect(withoutQuotes("The voice can't say 'don't stop', it's too long.")).toBe(
    "The voice can't say '…', it's too long.",
  );
  expect(withoutQuotes('Column "name" of "list.csv" is empty.')).toBe('Column "…" is empty.');
  expect(withoutQuotes("No face was found.")).toBe("No face was found.");
});
