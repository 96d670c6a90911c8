/** The lists of generations, and whose they are. */
import { makeApiKey, parseApiKeys } from "@smileloop/core/api-keys.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { describe, expect, it } from "vitest";
import { loggedIn, recordOf, say, sync } from "../../../../../test/support/lipsync.ts";
import { ASKED, local, syncSo, video } from "../../../../../test/support/sync-so.ts";

const here = syncSo();
const { call, create } = here;

describe("lists", () => {
  it("have one's own, the newest first, by status and id, in pages", async () => {
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) {
      ids.unshift((await create(ASKED)).body.id);
      await here.api.clock.advance(1000);
    }
    await sync(here.api, { owner: "local", id: ids[1]! });
    const listed = async (query: string) =>
      ((await call(`/v2/generations${query}`)).body as unknown as { id: string }[]).map(({ id }) => id);
    expect(await listed("")).toEqual(ids);
    // commas, a list in JSON as the SDK sends it, and the name twice
    const completed = encodeURIComponent('["COMPLETED"]');
    expect(await listed(`?status=${completed}`)).toEqual([ids[1]]);
    expect(await listed("?status=PENDING,PROCESSING")).toEqual([ids[0], ids[2]]);
    expect(await listed("?status=COMPLETED&status=FAILED")).toEqual([ids[1]]);
    expect(await listed(`?ids=${ids[2]},${newId(here.api.clock.now())}`)).toEqual([ids[2]]);
    expect(await listed("?limit=2")).toEqual(ids.slice(0, 2));
    expect(await listed(`?limit=2&cursor=${ids[1]}`)).toEqual([ids[2]]);
    for (const query of [
      "?limit=0x10",
      "?limit=0",
      "?limit=101",
      "?cursor=x",
      "?limit=1&cursor=x",
      "?status=DONE",
      "?source=a",
    ]) {
      expect((await call(`/v2/generations${query}`)).status, query).toBe(400);
    }
  });

  it("lose what is deleted, which has to have ended", async () => {
    const { body } = await create(ASKED);
    const path = `/v2/generations/${body.id}`;
    const early = await call(path, { method: "DELETE" });
    expect([early.status, early.body]).toMatchObject([409, { errorCode: "conflict" }]);
    await sync(here.api, local(body));
    const deleted = await call(path, { method: "DELETE" });
    expect([deleted.status, deleted.body]).toMatchObject([200, { id: body.id, status: "COMPLETED", outputUrl: null }]);
    expect(await call(`/v2/generate/${body.id}`)).toMatchObject({
      status: 404,
      body: { message: "Generation not found" },
    });
    expect((await call("/v2/generations")).body).toEqual([]);
    expect(await here.api.stored()).toEqual([]);
  });

  it("of models name what may be asked for", async () => {
    for (const { id } of (await call("/v2/models")).body as unknown as { id: string }[]) {
      expect((await create({ ...ASKED, model: id })).status, id).toBe(201);
    }
  });
});

describe("whose generations they are", () => {
  const alice = makeApiKey("alice");
  const bob = makeApiKey("bob");
  const { keys } = parseApiKeys([alice, bob].map(({ entry }) => entry).join(","));
  const unauthorized = { status: 401, body: { statusCode: 401, error: "Unauthorized", errorCode: "unauthorized" } };

  it("those of the key in x-api-key, and nobody comes in without", async () => {
    for (const anonymous of [false, true]) {
      await here.start({ access: { keys, anonymous } });
      const { body } = await create(ASKED, { key: alice.key });
      expect(body).toMatchObject({ status: "PENDING" });
      const path = `/v2/generate/${body.id}`;
      expect((await call(path, { key: alice.key })).status).toBe(200);
      expect((await call(path, { key: bob.key })).status).toBe(404);
      expect((await call("/v2/generations", { key: bob.key })).body).toEqual([]);
      expect((await call(`/v2/generations/${body.id}`, { key: bob.key, method: "DELETE" })).status).toBe(404);
      expect(await call(path, { key: "sk-of-sync-so" })).toMatchObject(unauthorized);
      const nothing = await fetch(`${here.api.url}/v2/generations`);
      expect({ status: nothing.status, body: await nothing.json() }).toMatchObject(unauthorized);
    }
  });

  it("those of the user whose token it is, also where all others are let in", async () => {
    const { Authorization = "" } = await loggedIn(here.api, "alice");
    const token = Authorization.replace("Bearer ", "");
    const { body } = await create(ASKED, { key: token });
    expect((await recordOf(here.api, { owner: "alice", id: body.id })).dialect).toBe("sync-so");
    expect((await call(`/v2/generate/${body.id}`)).status).toBe(404);
    expect(await call(`/v2/generate/${body.id}`, { key: `${token}x` })).toMatchObject(unauthorized);
  });

  it("sounds of this server are inputs for their owner", async () => {
    const reply = await fetch(`${here.api.url}/v1/jobs`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ kind: "speak", inputs: {}, params: { text: "Hello" } }),
    });
    const { id } = (await reply.json()) as { id: string };
    const input = [video, { type: "audio", url: `${here.api.url}/v1/jobs/${id}/outputs/audio` }];
    const early = await create({ ...ASKED, input });
    expect([early.status, early.body.message]).toEqual([400, expect.stringMatching(/^input\.1\.url: .*no result yet/)]);
    await say(here.api, { owner: "local", id });
    const { body } = await create({ ...ASKED, input });
    expect((await recordOf(here.api, local(body))).inputs.audio).toMatchObject([{ source: `job:${id}/audio` }]);
  });
});
