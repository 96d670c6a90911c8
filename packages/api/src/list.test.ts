import { newId } from "@smileloop/core/job/ids.ts";
import { newJobRecord } from "@smileloop/core/job/record.ts";
import { afterEach, expect, it } from "vitest";
import { type TestApi, testApi } from "../../../test/support/api.ts";

const MIB = 1024 * 1024;

let api: TestApi;
afterEach(() => api.close());

type Page = { jobs: { id: string }[]; next_cursor: string | null };

/** Jobs with so many characters of params each; the newest first. */
async function makeJobs(chars: number[]): Promise<string[]> {
  const ids: string[] = [];
  for (const [i, length] of chars.entries()) {
    const now = api.clock.now() + i;
    const job = {
      ...{ id: newId(now), owner: "local", kind: "animate", queue: "warp", engine: "warp", estimateSeconds: 1 },
      ...{ params: { text: "x".repeat(length) }, metadata: {}, inputs: {} },
    };
    await api.deps.records.create(newJobRecord(job, now));
    ids.unshift(job.id);
  }
  return ids;
}

async function pages(query: string): Promise<{ sizes: number[]; ids: string[] }> {
  const sizes: number[] = [];
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const next: string = cursor === null ? "" : `&cursor=${cursor}`;
    const text = await (await api.app.fetch(new Request(`http://localhost/v1/jobs?${query}${next}`))).text();
    const page = JSON.parse(text) as Page;
    sizes.push(text.length);
    ids.push(...page.jobs.map(({ id }) => id));
    cursor = page.next_cursor;
  } while (cursor !== null);
  return { sizes, ids };
}

it("a page ends where it would become too large, and the next one goes on from there", async () => {
  api = testApi();
  const ids = await makeJobs(Array.from({ length: 50 }, (_, i) => 90_000 + ((i * 7919) % 30_000)));
  const listed = await pages("limit=100");
  expect(listed.ids).toEqual(ids);
  expect(Math.max(...listed.sizes)).toBeLessThan(1.1 * MIB);
  expect(listed.sizes.length).toBeLessThan(8);
});

it("one job that is larger than a page is a page", async () => {
  api = testApi();
  const ids = await makeJobs([2 * MIB, 10, 2 * MIB, 10, 10]);
  const listed = await pages("limit=3");
  expect(listed.ids).toEqual(ids);
});

it("small jobs fill the page that was asked for", async () => {
  api = testApi();
  const ids = await makeJobs(Array.from({ length: 95 }, () => 10));
  const { jobs, next_cursor } = (await (
    await api.app.fetch(new Request("http://localhost/v1/jobs?limit=90"))
  ).json()) as Page;
  expect([jobs.length, next_cursor !== null]).toEqual([90, true]);
  expect((await pages("limit=90")).ids).toEqual(ids);
});

it("a status that few jobs have is found beyond many others, page by page, with few looks into the storage", async () => {
  let looks = 0;
  api = testApi();
  const { list } = api.deps.records;
  api.deps.records.list = (...args) => {
    looks += 1;
    return list(...args);
  };
  const ids = await makeJobs(Array.from({ length: 1000 }, () => 10));
  const canceled = [ids[700]!, ids[701]!, ids[702]!, ids[990]!];
  for (const id of canceled) {
    const { record, etag } = (await api.deps.records.get("local", id))!;
    await api.deps.records.replace({ ...record, rev: 2, state: "canceled", ended_at: 1 }, etag);
  }
  expect((await pages("status=canceled&limit=100")).ids).toEqual(canceled);
  expect(looks).toBeLessThan(15);
  expect((await pages("status=canceled&limit=2")).ids).toEqual(canceled);
});

it("a limit is a decimal number", async () => {
  api = testApi();
  for (const limit of ["0x10", "1e1", "+5", " 5", "5.0", "", "five"]) {
    const query = new URLSearchParams({ limit });
    const reply = await api.app.fetch(new Request(`http://localhost/v1/jobs?${query}`));
    const { errors } = (await reply.json()) as { errors: object[] };
    expect([reply.status, errors], limit).toMatchObject([422, [{ loc: ["query", "limit"] }]]);
  }
});
