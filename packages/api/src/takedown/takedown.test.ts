/** Takedowns from the form to what follows, and the block list, over a real server. */
import { createHash } from "node:crypto";
import { makeApiKey } from "@smileloop/core/api-keys.ts";
import { listBlocks } from "@smileloop/core/blocked/block-list.ts";
import type { Prints } from "@smileloop/core/blocked/prints.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { OutputMark } from "@smileloop/core/marking/mark.ts";
import { upkeep } from "@smileloop/core/upkeep.ts";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { jpegBytes, NO_FACES, type TestApi, testApi } from "../../../../test/support/api.ts";

const OPERATOR = makeApiKey("ops");
const [owner, sha256] = OPERATOR.entry.split(":") as [string, string];
const PRINTS: Prints[] = [{ of: "whole", prints: Array(8).fill("ab".repeat(32)) }];
const VIDEO = Buffer.from("a finished video");
const SIGNED: OutputMark = { c2pa: { instance: "urn:c2pa:1", leaf: "ab" } };
let api: TestApi;

beforeEach(async () => {
  const inspector = { inspect: async () => ({ ...NO_FACES, prints: PRINTS }) };
  api = testApi({ operators: new Map([[sha256, owner]]) }, { inspector });
  await api.listen();
});
afterEach(() => api.close());

const GIVEN = { kind: "intimate", name: "Ann Example", contact: "ann@example.org", good_faith: "on" };

async function send(fields: Record<string, string>, file?: Uint8Array, headers: Record<string, string> = {}) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  if (file) form.append("file", new Blob([file as Uint8Array<ArrayBuffer>]), "photo.jpg");
  return fetch(`${api.url}/v1/takedown`, { method: "POST", body: form, headers });
}
const ask = (path: string, init: RequestInit = {}) =>
  fetch(`${api.url}/v1/operator/${path}`, {
    ...init,
    headers: { Authorization: `Bearer ${OPERATOR.key}`, ...(init.body ? { "Content-Type": "application/json" } : {}) },
  });
const decide = (id: string, accept: boolean) =>
  ask(`takedowns/${id}`, { method: "POST", body: JSON.stringify({ accept, reason: "looked at" }) });
/** What replies may have. */
type Body = {
  id: string;
  url: string;
  headers: Record<string, string>;
  outputs: { video: { url: string } };
  ticket: string;
  due_at: string;
  takedowns: object[];
  blocked: object[];
  errors: { loc: string[] }[];
};
const bodyOf = async (reply: Response | Promise<Response>) => (await (await reply).json()) as Body;
const audited = async () => {
  const lines: Record<string, unknown>[] = [];
  for await (const text of api.deps.audit!.store.lines("trust")) lines.push(JSON.parse(text));
  return lines;
};
const blocks = async () => {
  const found = [];
  for await (const block of listBlocks(api.deps.files)) found.push(block);
  return found;
};

/** A job that has ended, with the link to its video. */
async function finished(photo = jpegBytes(), mark: OutputMark = SIGNED) {
  const upload = await bodyOf(
    fetch(`${api.url}/v1/uploads`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ content_type: "image/jpeg", size: photo.length }),
    }),
  );
  await fetch(upload.url, { method: "PUT", headers: upload.headers, body: photo as Uint8Array<ArrayBuffer> });
  const body = { kind: "animate", inputs: { image: { upload: upload.id } }, params: { preset: "wink" } };
  const made = await fetch(`${api.url}/v1/jobs`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const { id } = await bodyOf(made);
  const job = { owner: "local", id };
  await api.worker.succeed(job, await api.worker.claim(job), VIDEO, mark);
  const view = await bodyOf(fetch(`${api.url}/v1/jobs/${id}`));
  return { id, link: view.outputs.video.url };
}
const statusOf = async (id: string) => (await fetch(`${api.url}/v1/jobs/${id}`)).status;

test("a link to a result is enough: within a sweep the job is gone, and what it shows is blocked", async () => {
  const { id, link } = await finished();
  // the link has run out meanwhile
  await api.clock.advance(20 * 60_000);
  const reply = await send({ ...GIVEN, link });
  const { ticket, due_at } = await bodyOf(reply);
  expect([reply.status, Date.parse(due_at) - api.clock.now()]).toEqual([201, 48 * 60 * 60_000]);
  expect(await statusOf(id)).toBe(200);
  await upkeep(api.deps);
  expect(await statusOf(id)).toBe(410);
  expect(await blocks()).toMatchObject([
    { ticket, sha256: [createHash("sha256").update(VIDEO).digest("hex")], prints: PRINTS },
  ]);
  const { takedowns } = await bodyOf(ask("takedowns"));
  expect(takedowns).toMatchObject([
    {
      id: ticket,
      kind: "intimate",
      name: "Ann Example",
      blocked: true,
      deleted_jobs: 1,
      overdue: false,
      decision: null,
    },
  ]);
  const lines = await audited();
  expect(lines).toMatchObject([
    { kind: "takedown", ticket, type: "intimate" },
    { kind: "blocked", ticket },
  ]);
  expect(JSON.stringify(lines)).not.toMatch(/Ann|example\.org/);
});

test("the very result that somebody was given is enough, too, and is not kept", async () => {
  const { id } = await finished();
  const before = await api.stored();
  expect((await send({ ...GIVEN, kind: "minor" }, VIDEO)).status).toBe(201);
  const added = (await api.stored()).filter((key) => !before.includes(key));
  expect(added.filter((key) => !key.startsWith("audit/"))).toEqual([expect.stringMatching(/^takedowns\/.*\/ticket$/)]);
  await upkeep(api.deps);
  expect(await statusOf(id)).toBe(410);
});

test("the file of a result that was paid for is enough as long as that lives", async () => {
  const { id } = await finished();
  const bought = { expires_at: api.clock.now() + 7 * 24 * 60 * 60_000 };
  const { record } = (await api.deps.records.get("local", id))!;
  await api.deps.records.remove("local", id);
  await api.deps.records.create({ ...record, ...bought });
  for await (const timer of api.deps.records.timers.due(Number.POSITIVE_INFINITY))
    await api.deps.records.timers.drop(timer);
  await api.deps.records.timers.arm({ owner: "local", id, atMs: bought.expires_at });
  await send(GIVEN, VIDEO);
  await upkeep(api.deps);
  expect(await statusOf(id)).toBe(410);
});

test.each(["acted on again", "begun alone"])(
  "a ticket that is %s has one entry on the block list, which goes when it is rejected",
  async (how) => {
    const { files } = api.deps;
    const { ticket } = await bodyOf(send(GIVEN, jpegBytes()));
    const { put } = files;
    files.put = (key, ...rest) => (key.endsWith("/acted") ? Promise.reject(new Error("lost")) : put(key, ...rest));
    await expect(upkeep(api.deps)).rejects.toThrow("lost");
    files.put = put;
    if (how === "acted on again") await upkeep(api.deps);
    expect(await blocks()).toHaveLength(1);
    await decide(ticket, false);
    expect(await blocks()).toEqual([]);
  },
);

test("a result that comes out the same for everybody is not a proof", async () => {
  const { id } = await finished(jpegBytes(), { c2pa: null, unsigned: "type" });
  expect((await send(GIVEN, VIDEO)).status).toBe(201);
  await upkeep(api.deps);
  expect(await statusOf(id)).toBe(200);
});

test("to have the photo that somebody else uploaded is not a proof: it is blocked, and nobody's job is deleted", async () => {
  const photo = jpegBytes();
  const { id } = await finished(photo);
  await send(GIVEN, photo);
  await upkeep(api.deps);
  expect(await statusOf(id)).toBe(200);
  expect(await blocks()).toMatchObject([{ prints: PRINTS }]);
});

test("a picture that comes while the inspector is busy is known by more than its hash all the same", async () => {
  await api.close();
  let asked = 0;
  const inspect = async () => {
    if (++asked > 1) return { ...NO_FACES, prints: PRINTS };
    throw new AppError("too_many_requests", "busy", { retryAfterSeconds: 1 });
  };
  api = testApi({ operators: new Map([[sha256, owner]]) }, { inspector: { inspect } });
  await api.listen();
  const sent = send(GIVEN, jpegBytes());
  await vi.waitFor(() => expect(asked).toBe(1));
  await vi.waitFor(async () => {
    await api.clock.advance(1000);
    expect(asked).toBe(2);
  });
  expect((await sent).status).toBe(201);
  await upkeep(api.deps);
  expect(await blocks()).toMatchObject([{ prints: PRINTS }]);
});

test("guesses delete nothing, and the answer is the same for what is there and what is not", async () => {
  const { id, link } = await finished();
  const guesses = [
    `${api.url}/v1/jobs/${id}`,
    link.replace(
      id,
      id.replace(/.$/, (last) => (last === "0" ? "1" : "0")),
    ),
    "not a link",
    "https://example.org/v.mp4",
  ];
  const shapes = new Set<string>();
  for (const guess of guesses) {
    const reply = await send({ ...GIVEN, link: guess });
    shapes.add(`${reply.status} ${Object.keys(await bodyOf(reply))}`);
  }
  const real = await send({ ...GIVEN, kind: "other", link });
  shapes.add(`${real.status} ${Object.keys(await bodyOf(real))}`);
  expect([...shapes]).toEqual(["201 ticket,due_at"]);
  await upkeep(api.deps);
  expect(await statusOf(id)).toBe(200);
  expect(await blocks()).toEqual([]);
});

test("of other things the operator decides, once", async () => {
  const { id, link } = await finished();
  const { ticket } = await bodyOf(send({ ...GIVEN, kind: "other", link }));
  await upkeep(api.deps);
  expect([await statusOf(id), await blocks()]).toEqual([200, []]);
  await api.clock.advance(49 * 60 * 60_000);
  expect((await bodyOf(ask("takedowns"))).takedowns).toMatchObject([{ overdue: true, blocked: false }]);
  const reply = await decide(ticket, true);
  expect([reply.status, await reply.json()]).toMatchObject([200, { blocked: true, decision: { accepted: true } }]);
  expect(await statusOf(id)).toBe(410);
  expect((await decide(ticket, false)).status).toBe(409);
  expect((await decide("0".repeat(32), false)).status).toBe(404);
});

test("what the operator rejects is off the block list again", async () => {
  const { ticket } = await bodyOf(send(GIVEN, jpegBytes()));
  await upkeep(api.deps);
  expect(await blocks()).toHaveLength(1);
  expect((await decide(ticket, false)).status).toBe(200);
  expect(await blocks()).toEqual([]);
  expect((await audited()).map(({ kind }) => kind)).toEqual(["takedown", "blocked", "takedown_decided", "unblocked"]);
  await api.clock.advance(91 * 24 * 60 * 60_000);
  await upkeep(api.deps);
  expect((await bodyOf(ask("takedowns"))).takedowns).toEqual([]);
});

test("what is missing is named", async () => {
  const reply = await send({ kind: "angry", link: "", name: " " });
  const { errors } = await bodyOf(reply);
  expect(reply.status).toBe(422);
  const names = errors.map(({ loc }) => loc.at(-1));
  expect(names).toEqual(["kind", "link", "name", "contact", "good_faith"]);
});

test("one network is heard ten times an hour", async () => {
  const statuses = [];
  for (let n = 0; n < 11; n++) statuses.push((await send({ ...GIVEN, link: "https://example.org" })).status);
  expect(statuses).toEqual([...Array(10).fill(201), 429]);
  await api.clock.advance(60 * 60_000);
  expect((await send({ ...GIVEN, link: "https://example.org" })).status).toBe(201);
});

test.each([
  ["en", "ltr", "Have something taken down"],
  ["de", "ltr", "Etwas entfernen lassen"],
  ["hi", "ltr", "कुछ हटवाएँ"],
  ["ar", "rtl", "طلب إزالة محتوى"],
])("the form in %s", async (tag, dir, title) => {
  const reply = await fetch(`${api.url}/takedown`, { headers: { "Accept-Language": `${tag}-XX, en` } });
  const text = await reply.text();
  expect(reply.headers.get("content-security-policy")).toMatch(/default-src 'none'.*form-action 'self'/);
  expect(text).toContain(`<html lang="${tag}" dir="${dir}">`);
  expect(text).toContain(title);
  expect(text).not.toMatch(/<script|style=/);
  const received = await send({ ...GIVEN, link: "https://example.org", lang: tag }, undefined, { Accept: "text/html" });
  expect(received.headers.get("content-type")).toMatch(/html/);
  expect(await received.text()).toMatch(new RegExp(`lang="${tag}"[^]*<code>[0-9a-f]{32}</code>`));
});

test("hashes are put on the block list and taken off it by the operator alone", async () => {
  const body = JSON.stringify({ sha256: ["a".repeat(64)] });
  const reply = await ask("blocked", { method: "POST", body });
  const { id } = await bodyOf(reply);
  expect(reply.status).toBe(201);
  expect((await bodyOf(ask("blocked"))).blocked).toMatchObject([{ id, ticket: null, files: 1, prints: 0 }]);
  expect((await ask(`blocked/${id}`, { method: "DELETE" })).status).toBe(204);
  expect((await ask(`blocked/${id}`, { method: "DELETE" })).status).toBe(404);
  for (const path of ["takedowns", "blocked"]) expect((await fetch(`${api.url}/v1/operator/${path}`)).status).toBe(401);
});
