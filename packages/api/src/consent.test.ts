/** Jobs that change somebody's face, asked for natively and through dialects. */
import { createAudit } from "@smileloop/core/audit/audit-log.ts";
import { storedAudit } from "@smileloop/core/audit/stored.ts";
import type { AuditStore } from "@smileloop/core/audit.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { memoryFiles } from "@smileloop/core/files/memory.ts";
import { createLog } from "@smileloop/core/log.ts";
import { memoryNotes } from "@smileloop/core/records/memory.ts";
import { SAFEGUARDS } from "@smileloop/core/safeguards.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import { afterEach, expect, test } from "vitest";
import type { TestApi } from "../../../test/support/api.ts";
import { lipsyncApi, loggedIn } from "../../../test/support/lipsync.ts";
import { manualClock } from "../../../test/support/manual-clock.ts";

const URLS = { video_url: "https://example.com/video.mp4", audio_url: "https://example.com/audio.wav" };
const memory = { clock: manualClock(), links: createLocalLinks(Buffer.alloc(32)) };
const quiet = createLog({ level: "silent" });
let api: TestApi;
afterEach(() => api.close());

async function start(attested = SAFEGUARDS.attested): Promise<void> {
  api = lipsyncApi({}, { safeguards: { ...SAFEGUARDS, attested } });
  await api.listen();
}

const post = (path: string, body: object, headers: Record<string, string> = {}) =>
  fetch(api.url + path, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", ...headers },
  });

const native = (params: object) =>
  post("/v1/jobs", { kind: "lipsync", inputs: { video: { url: URLS.video_url } }, params: { text: "Hi", ...params } });
const dialect = async () => post("/api/v1/lipsync/create", { ...URLS, api_key: "sk-any" }, await loggedIn(api));

const audited = async () => {
  const lines = [];
  for await (const text of api.deps.audit!.store.lines("trust")) lines.push(JSON.parse(text));
  return lines;
};
const records = async (owner: string) => (await api.deps.records.list(owner, { limit: 9, cursor: undefined })).records;

test("the native API wants it on every server, and says so by the name of the field", async () => {
  await start("all");
  const reply = await native({});
  expect([reply.status, await reply.json()]).toMatchObject([
    422,
    { code: "invalid_request", errors: [{ loc: ["body", "params", "consent"], type: "missing" }] },
  ]);
  expect(await records("local")).toEqual([]);
});

test("what the caller has said is kept with the time and the owner", async () => {
  await start();
  expect((await native({ consent: { subject: "permission" } })).status).toBe(202);
  const [record] = await records("local");
  const owner_hash = await api.deps.audit?.ownerHash("local");
  expect(record?.consent).toMatchObject({ subject: "permission", by: "caller", owner_hash, at: api.clock.now() });
  expect(await audited()).toMatchObject([
    { seq: 1, kind: "consent", job: record!.id, subject: "permission", owner_hash },
  ]);
  await api.deps.records.get("local", record!.id);
  await fetch(`${api.url}/v1/jobs/${record!.id}`, { method: "DELETE" });
  const [deleted] = await records("local");
  expect([deleted?.state, deleted?.consent]).toEqual(["deleted", undefined]);
  expect(await audited()).toHaveLength(1);
});

test("for a dialect whose clients cannot send it the operator answers, unless the operator says otherwise", async () => {
  await start();
  expect((await dialect()).status).toBe(200);
  expect(await records("alice")).toMatchObject([
    { consent: { by: "operator", owner_hash: await api.deps.audit?.ownerHash("alice") } },
  ]);
  await api.close();
  await start({ dialects: new Set(), usual: false });
  const reply = await dialect();
  expect([reply.status, await reply.text()]).toEqual([422, expect.stringMatching(/consent.*ATTEST/)]);
  expect(await records("alice")).toEqual([]);
});

test("a job whose statement cannot be written down is not made, and nothing of it is left", async () => {
  const failing: AuditStore = {
    ...storedAudit({ files: memoryFiles(memory), notes: memoryNotes(memory.clock) }),
    append: async () => {
      throw new AppError("storage_unavailable", "The disk could not be written; try again.");
    },
  };
  api = lipsyncApi(
    {},
    { audit: createAudit({ store: failing, files: memoryFiles(memory), clock: memory.clock, log: quiet }) },
  );
  await api.listen();
  const reply = await native({ consent: { subject: "self" } });
  expect([reply.status, await reply.json()]).toMatchObject([503, { code: "storage_unavailable" }]);
  expect(await records("local")).toEqual([]);
});

test("a server that wants it of everything says which field is missing", async () => {
  api = lipsyncApi({}, { safeguards: { ...SAFEGUARDS, requireConsent: true } });
  await api.listen();
  const reply = await post("/v1/jobs", { kind: "speak", params: { text: "Hello" } });
  expect(reply.status).toBe(202);
  const shown = {
    kind: "animate",
    inputs: { image: { url: "https://example.com/a.jpg" } },
    params: { preset: "wink" },
  };
  const refused = await post("/v1/jobs", shown);
  expect([refused.status, await refused.json()]).toMatchObject([
    422,
    { errors: [{ loc: ["body", "params", "consent"] }] },
  ]);
});
