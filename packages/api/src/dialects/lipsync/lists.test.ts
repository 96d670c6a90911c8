/** Lists of the lip sync API: jobs, models and modes. */

import { describe, expect, it } from "vitest";
import { lipsyncApi, loggedIn, sync } from "../../../../../test/support/lipsync.ts";
import { ASKED, BASE, lipsyncClients } from "../../../../../test/support/lipsync-clients.ts";

const here = lipsyncClients();
const { post, json, get, created, outcome } = here;

describe("one's jobs", () => {
  it("are listed, also after a restart, and nobody else's", async () => {
    const job = await created(json({ ...ASKED, sync_mode: "loop" }));
    await sync(here.api, job);
    const bob = await loggedIn(here.api, "bob");
    await json(ASKED, "/create", bob);
    const again = lipsyncApi({}, { ...here.api.deps, config: { ...here.api.deps.config } });
    await again.listen();
    const reply = await fetch(`${again.url}${BASE}/jobs/my`, { headers: await loggedIn(again) });
    await again.close();
    expect(await reply.json()).toEqual({
      jobs: [
        {
          ...{ job_id: job.id, status: "COMPLETED", model: "lipsync-2", sync_mode: "loop", error_message: null },
          video_url: ASKED.video_url,
          audio_url: ASKED.audio_url,
          output_url: expect.stringContaining("/v1/files/"),
          submitted_at: expect.any(Number),
          completed_at: expect.any(Number),
          user_id: expect.any(Number),
        },
      ],
      total_count: 1,
    });
    const ids = await Promise.all([here.headers, bob].map(async (by) => (await get("/jobs/my", by)).body.jobs));
    const [mine, bobs] = ids as { user_id: number }[][];
    expect(mine![0]!.user_id).not.toBe(bobs![0]!.user_id);
  });

  it("go when they are old and have ended", async () => {
    const old = await created(json(ASKED));
    await sync(here.api, old);
    const running = await created(json(ASKED));
    await json(ASKED, "/create", await loggedIn(here.api, "bob"));
    expect(await outcome(post("/cleanup"))).toEqual([
      200,
      { message: "Cleaned up 0 old lipsync jobs", cleaned_jobs: 0 },
    ]);
    expect(await outcome(json({ hours_old: 0 }, "/cleanup"))).toMatchObject([200, { cleaned_jobs: 1 }]);
    expect((await get(`/status/${old.id}`)).status).toBe(404);
    expect((await get(`/status/${running.id}`)).body).toMatchObject({ status: "PENDING" });
    expect((await here.api.stored()).filter((key) => key.includes(old.id))).toEqual([]);
  });
});

it("models, modes and the debugging reply are as the document has them", async () => {
  expect((await get("/models")).body).toEqual({
    models: ["lipsync-1", "lipsync-2"],
    total_count: 2,
    descriptions: { "lipsync-1": "Basic lipsync model", "lipsync-2": "Advanced lipsync model with better quality" },
  });
  expect((await get("/sync-modes")).body).toMatchObject({ sync_modes: ["cut_off", "loop", "fade"], total_count: 3 });
  const job = await created(json(ASKED));
  await sync(here.api, job);
  const { body } = await get(`/debug/status/${job.id}?api_key=sk-your_key`);
  expect(body).toMatchObject({
    message: "Raw status data for debugging",
    job_id: job.id,
    raw_result: { job_id: job.id, status: "COMPLETED" },
    data_types: {
      ...{ created_at: "<class 'float'>", completed_at: "<class 'float'>", status: "<class 'str'>" },
      error_message: "<class 'NoneType'>",
    },
  });
});
