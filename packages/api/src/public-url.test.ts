/** PUBLIC_URL with a path: a proxy serves the API under it, takes it off, and every address in a reply works as it stands. */
import type { JobView } from "@smileloop/core/wire/job.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { jpegBytes, type TestApi, testApi } from "../../../test/support/api.ts";
import { type PathProxy, startPathProxy } from "../../../test/support/path-proxy.ts";

const VIDEO = new TextEncoder().encode("as good as a video");
let api: TestApi;
let proxy: PathProxy;

beforeEach(async () => {
  proxy = await startPathProxy("/apps/smile", () => api.url);
  api = testApi({ publicUrl: proxy.url, dialectWaitMs: 0 });
  await api.listen();
});
afterEach(async () => {
  await proxy.close();
  await api.close();
});

/** An address in a reply, followed as a client does that asked `from`. */
const follow = (address: string | null, from: string, init?: RequestInit) => fetch(new URL(address ?? "", from), init);
const post = (path: string, body: object, headers = {}) =>
  fetch(proxy.url + path, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });

async function upload(): Promise<string> {
  const image = jpegBytes();
  const { id, url, headers } = (await (
    await post("/v1/uploads", { content_type: "image/jpeg", size: image.length })
  ).json()) as { id: string; url: string; headers: Record<string, string> };
  expect(url.startsWith(`${proxy.url}/v1/files/`)).toBe(true);
  expect((await fetch(url, { method: "PUT", headers, body: Uint8Array.from(image) })).status).toBe(200);
  return id;
}

const createJob = async () =>
  post("/v1/jobs", { kind: "animate", inputs: { image: { upload: await upload() } }, params: { preset: "nod" } });

async function finish(id: string): Promise<void> {
  const job = { owner: "local", id };
  await api.worker.succeed(job, await api.worker.claim(job), VIDEO);
}

test("uploads by link and by form", async () => {
  await upload();
  const form = await post("/v1/uploads", { content_type: "image/jpeg", size: 2000, form: true });
  const { url, fields } = (await form.json()) as { url: string; fields: Record<string, string> };
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  body.append("file", new Blob([Uint8Array.from(jpegBytes())]));
  expect((await fetch(url, { method: "POST", body })).status).toBe(204);
});

test("a job: Location, outputs, events, lists", async () => {
  const created = await createJob();
  const { id } = (await created.json()) as JobView;
  expect(created.headers.get("location")).toBe(`/apps/smile/v1/jobs/${id}`);
  await finish(id);
  const job = (await (await follow(created.headers.get("location"), created.url)).json()) as JobView;
  const events = await (await fetch(`${proxy.url}/v1/jobs/${id}/events`)).text();
  const done = JSON.parse(/event: done\ndata: (.*)\n/.exec(events)?.[1] ?? "{}") as JobView;
  const page = (await (await fetch(`${proxy.url}/v1/jobs`)).json()) as { jobs: JobView[] };
  for (const shown of [job, done, page.jobs[0]!]) {
    expect(await (await fetch(shown.outputs.video!.url)).text()).toBe("as good as a video");
  }
});

test("a redirect to a storage elsewhere is left as it is, one to a link of ours is not", async () => {
  for (const [link, location] of [
    ["https://bucket.example/video?signed", "https://bucket.example/video?signed"],
    ["/v1/files/video?signed", `${proxy.url}/v1/files/video?signed`],
  ] as const) {
    const { files } = api.deps;
    const stored = { ...files, link: async () => link };
    const large = testApi(
      { publicUrl: proxy.url },
      { ...api.deps, config: { ...api.deps.config }, files: stored, localLinks: null },
    );
    const { id } = (await (await createJob()).json()) as JobView;
    const job = { owner: "local", id };
    await api.worker.succeed(job, await api.worker.claim(job), new Uint8Array(4 * 1024 * 1024 + 1));
    const reply = await large.app.fetch(new Request(`http://localhost/v1/jobs/${id}/outputs/video`));
    expect([reply.status, reply.headers.get("location")]).toEqual([302, location]);
  }
});

test("the simple API: Location; its download_url stays relative to the address of the API, as its clients put it together", async () => {
  const form = new FormData();
  form.append("source_image", new Blob([Uint8Array.from(jpegBytes())]));
  form.append("preset", "blink");
  const reply = await fetch(`${proxy.url}/animate`, { method: "POST", body: form });
  const { job_id, download_url } = (await reply.json()) as Record<string, string>;
  expect([reply.status, download_url]).toEqual([202, `/download/${job_id}`]);
  expect(reply.headers.get("location")).toBe(`/apps/smile/job/${job_id}`);
  expect(await (await follow(reply.headers.get("location"), reply.url)).json()).toMatchObject({ job_id });
  await finish(job_id!);
  expect(await (await fetch(proxy.url + download_url)).text()).toBe("as good as a video");
});

test("previews, and the document's servers", async () => {
  const { presets } = (await (await fetch(`${proxy.url}/v1/presets`)).json()) as { presets: { preview_url: string }[] };
  for (const { preview_url } of presets) expect((await fetch(preview_url, { method: "HEAD" })).status).toBe(200);
  const { servers } = (await (await fetch(`${proxy.url}/openapi.json`)).json()) as { servers: object[] };
  expect(servers).toEqual([{ url: proxy.url }]);
});

test.each(["/docs", "/redoc"])("%s loads nothing from outside the path", async (path) => {
  const html = await (await fetch(proxy.url + path)).text();
  const loaded = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address!);
  expect(loaded.length).toBeGreaterThanOrEqual(4);
  for (const address of loaded) expect((await follow(address, proxy.url + path)).status, address).toBe(200);
  const start = await (await follow(loaded.find((each) => each.endsWith("start.js"))!, proxy.url + path)).text();
  expect(start).toContain('"openapi.json"');
  const script = await (
    await follow(loaded.find((each) => /(swagger-ui|redoc)\.js$/.test(each))!, proxy.url + path)
  ).text();
  expect(script).not.toContain('"/docs/icon.svg"');
});
