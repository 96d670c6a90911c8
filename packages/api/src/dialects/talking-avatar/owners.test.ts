/** Whose uploads, jobs and videos these are, and what a request has to show for it. */
import { makeApiKey, parseApiKeys, parseChosenKey } from "@smileloop/core/api-keys.ts";
import { afterEach, describe, expect, it } from "vitest";
import { type TestApi, testApi } from "../../../../../test/support/api.ts";
import { generate, outcome, send, uploadBoth, work } from "../../../../../test/support/talking-avatar.ts";
import type { ApiConfig } from "../../deps.ts";

let api: TestApi;
let stopWorker: (() => Promise<void>) | null = null;
afterEach(async () => {
  await stopWorker?.();
  stopWorker = null;
  await api.close();
});
async function start(config: Partial<ApiConfig> = {}): Promise<void> {
  api = testApi(config);
  await api.listen();
}

describe("whose it is", () => {
  const [alice, bob] = [makeApiKey("alice"), makeApiKey("bob")];
  const { keys } = parseApiKeys(`${alice.entry},${bob.entry}`);
  const SECRET = "your_key_here";
  const chosen = parseChosenKey(SECRET) as { sha256: Uint8Array };
  const by = (key: string) => ({ "X-API-Key": key });

  it("is asked on every route but /health, by header or in the query", async () => {
    await start({ access: { keys: new Map(), anonymous: false, chosen } });
    expect((await send(api, "/health")).status).toBe(200);
    const routes: [string, string][] = [
      ["POST", "/upload/image"],
      ["POST", "/upload/audio"],
      ["POST", "/generate"],
      ["POST", "/generate/async"],
      ["GET", "/status/x"],
      ["GET", "/download/x.mp4"],
      ["DELETE", "/cleanup/x.jpg"],
    ];
    for (const [method, path] of routes) {
      for (const [query, headers] of [
        ["", {}],
        ["", by("your_key_her")],
        ["?api_key=", {}],
        ["?api_key=wrong", {}],
        [`?api_key=${SECRET}&api_key=wrong`, {}],
        [`?api_key=${SECRET}`, by("wrong")],
      ] as const) {
        const reply = await send(api, path + query, { method, headers });
        expect([reply.status, await reply.json()], `${method} ${path}${query}`).toEqual([
          401,
          { detail: expect.any(String) },
        ]);
      }
      for (const [query, headers] of [
        [`?api_key=${SECRET}`, {}],
        ["", by(SECRET)],
        [`?api_key=${SECRET}`, { Authorization: `Bearer ${SECRET}` }],
      ] as const) {
        expect((await send(api, path + query, { method, headers })).status, `${method} ${path}`).not.toBe(401);
      }
    }
    expect(JSON.stringify(api.lines)).not.toContain(SECRET);
    const names = await uploadBoth(api, by(SECRET));
    expect((await generate(api, names, { how: "/async", headers: by(SECRET) })).status).toBe(200);
    const jobs = (init: RequestInit) => fetch(`${api.url}/v1/jobs`, init);
    expect((await jobs({})).status).toBe(401);
    expect(await (await jobs({ headers: { Authorization: `Bearer ${SECRET}` } })).json()).toMatchObject({
      jobs: [{ kind: "talk" }],
    });
    expect((await fetch(`${api.url}/v1/jobs?api_key=${SECRET}`)).status).toBe(401);
  });

  it("is the owner of the key, and for everybody else it is not there", async () => {
    await start({ access: { keys, anonymous: false } });
    stopWorker = work(api);
    const names = await uploadBoth(api, by(alice.key));
    const image = `Image file not found: ${names.image_filename}`;
    expect(await outcome(generate(api, names, { headers: by(bob.key) }))).toEqual([404, image]);
    const reply = await generate(api, names, { headers: by(alice.key) });
    const { video_filename: video } = (await reply.json()) as { video_filename: string };
    const asBob = { headers: by(bob.key) };
    expect(await outcome(send(api, `/status/${video.slice(0, 32)}`, asBob))).toEqual([404, "Job not found"]);
    expect(await outcome(send(api, `/download/${video}`, asBob))).toEqual([404, "Video not found"]);
    for (const name of [video, names.audio_filename]) {
      expect(await outcome(send(api, `/cleanup/${name}`, { method: "DELETE", ...asBob }))).toEqual([
        404,
        "File not found",
      ]);
    }
    expect((await send(api, `/download/${video}?api_key=${alice.key}`)).status).toBe(200);
  });

  it("is nobody's where clients come without a key and may: who knows the name has the file", async () => {
    await start({ access: { keys, anonymous: true } });
    stopWorker = work(api);
    const reply = await generate(api, await uploadBoth(api));
    const { video_url } = (await reply.json()) as { video_url: string };
    expect((await send(api, video_url)).status).toBe(200);
    expect((await send(api, video_url, { headers: by(alice.key) })).status).toBe(404);
  });
});
