/** Sync.so's own SDK for TypeScript, with this server as its base URL. The package states no licence: it is for this test alone. */
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Sync, SyncClient } from "@sync.so/sdk";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TestApi } from "../../../../../test/support/api.ts";
import { lipsyncApi, sync, VIDEO } from "../../../../../test/support/lipsync.ts";
import { wavBytes } from "../../../../../test/support/talking-avatar.ts";

describe("Sync.so's SDK", () => {
  const options: Sync.GenerationOptions = { sync_mode: "loop" };
  const asked: Sync.CreateGenerationDto = {
    model: "lipsync-2",
    input: [
      { type: "video", url: "https://example.com/video.mp4" },
      { type: "audio", url: "https://example.com/audio.wav" },
    ],
    options,
  };
  let api: TestApi;
  let client: SyncClient;
  beforeEach(async () => {
    api = lipsyncApi();
    await api.listen();
    client = new SyncClient({ baseUrl: api.url, apiKey: "sk-any" });
  });
  afterEach(() => api.close());

  it("creates, asks again, and has a link to the video", async () => {
    const { id, status } = await client.generations.create(asked);
    expect(status).toBe("PENDING");
    await sync(api, { owner: "local", id });
    const done = await client.generations.get(id);
    expect(done).toMatchObject({ status: "COMPLETED", outputDuration: 3, input: asked.input });
    expect(new Uint8Array(await (await fetch(done.outputUrl!)).arrayBuffer())).toEqual(VIDEO);
    const other = await client.generations.create(asked);
    expect((await client.generations.list()).map((each) => each.id).sort()).toEqual([id, other.id].sort());
    expect(await client.generations.list({ status: ["COMPLETED", "FAILED"] })).toMatchObject([{ id }]);
    expect(await client.generations.list({ ids: [other.id] })).toMatchObject([{ id: other.id, status: "PENDING" }]);
    expect(await client.models.list()).toContainEqual(expect.objectContaining({ id: "lipsync-2" }));
  });

  it("sends files", async () => {
    const folder = mkdtempSync(join(tmpdir(), "smileloop-sdk-"));
    const mp4 = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from("ftypisom"), Buffer.alloc(400)]);
    writeFileSync(join(folder, "video.mp4"), mp4);
    const file = new Blob([Buffer.from(wavBytes(1))], { type: "audio/wav" });
    const { model } = asked;
    const made = await client.generations.createWithFiles(createReadStream(join(folder, "video.mp4")), file, {
      model,
      options,
    });
    expect(made).toMatchObject({ status: "PENDING", input: [{ type: "video" }, { type: "audio" }], options });
    const mixed = await client.generations.createWithFiles(undefined, file, { model, input: asked.input });
    expect(mixed.input).toEqual([asked.input[0], { type: "audio" }]);
    rmSync(folder, { recursive: true });
  });

  it("throws the errors of its types", async () => {
    const failing = async (work: Promise<unknown>) =>
      work.then(
        () => null,
        (error: unknown) => error,
      );
    const invalid = await failing(
      client.generations.create({ ...asked, options: { sync_mode: "stretch" as Sync.SyncMode } }),
    );
    expect(invalid).toBeInstanceOf(Sync.BadRequestError);
    const message = expect.stringMatching(/^options\.sync_mode: must be one of/);
    expect(invalid).toMatchObject({ statusCode: 400, body: { statusCode: 400, message } });
    const unknown = await failing(client.generations.get("6533643b-aceb-4c40-967e-d9ba9baac39e"));
    expect(unknown).toBeInstanceOf(Sync.NotFoundError);
    await api.close();
    api = lipsyncApi({ access: { keys: new Map(), anonymous: false } });
    await api.listen();
    const stranger = new SyncClient({ baseUrl: api.url, apiKey: "sk-any" });
    expect(await failing(stranger.generations.create(asked))).toBeInstanceOf(Sync.UnauthorizedError);
  });
});
