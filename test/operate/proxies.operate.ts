/** The configurations of `docs/proxy`, run by real proxies before the real API. Skipped where nginx or Caddy is not installed. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { readEnv } from "@smileloop/core/env.ts";
import { PUBLIC_ONLY } from "@smileloop/core/fetch/target.ts";
import type { JobView } from "@smileloop/core/wire/job.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { localConfig } from "../../functions/setup/api-config.ts";
import { jpegBytes, type TestApi, testApi } from "../support/api.ts";
import { until } from "../support/processes.ts";
import { programPath, type RunningProxy, startCaddy, startNginx } from "../support/proxies.ts";

const [NGINX, CADDY] = [programPath("nginx"), programPath("caddy")];
const SITE = "https://smile.example.org";
const JSON_TYPE = { "Content-Type": "application/json" };
const MIB = 1024 * 1024;
let api: TestApi;
let proxy: RunningProxy;
const open = async (publicUrl: string) => {
  api = testApi({ publicUrl });
  await api.listen();
};
beforeEach(() => open(SITE));
afterEach(async () => {
  await proxy?.close();
  await api.close();
});

const post = (url: string, body: object, headers = {}) =>
  proxy.ask(url, { method: "POST", headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(body) });

/** Uploads so much; answers the status of the PUT, and the upload's id. */
async function put(base: string, bytes: number): Promise<{ status: number; id: string }> {
  const image = jpegBytes(640, 480, bytes);
  const asked = await post(`${base}/v1/uploads`, { content_type: "image/jpeg", size: bytes });
  const { id, url, headers } = JSON.parse(await asked.text()) as { id: string; url: string; headers: object };
  expect(url.startsWith(`${base}/v1/files/`)).toBe(true);
  const reply = await proxy.ask(url, { method: "PUT", headers: { ...headers }, body: image });
  await reply.text();
  return { status: reply.status, id };
}

async function createJob(base: string, headers = {}) {
  const { id } = await put(base, 2000);
  return post(
    `${base}/v1/jobs`,
    { kind: "animate", inputs: { image: { upload: id } }, params: { preset: "nod" } },
    headers,
  );
}

/** Ends the job that waits, some time after it was made. */
async function endTheJob(afterMs: number): Promise<void> {
  const waiting = async () => {
    const { records } = await api.deps.records.list("local", { limit: 10 });
    return records.find(({ state }) => state === "queued");
  };
  await until(async () => (await waiting()) !== undefined);
  await delay(afterMs);
  const job = (await waiting())!;
  await api.worker.succeed(job, await api.worker.claim(job), new TextEncoder().encode("a video"));
}

async function passesUploads(): Promise<void> {
  expect((await put(SITE, 20 * MIB)).status).toBe(200);
}

async function passesEventsAtOnce(): Promise<void> {
  const created = JSON.parse(await (await createJob(SITE)).text()) as JobView;
  const stream = await proxy.ask(`${SITE}/v1/jobs/${created.id}/events`);
  let seen = "";
  const sees = async (what: RegExp) => {
    while (!what.test(seen)) seen += (await stream.next()) ?? expect.unreachable(seen);
  };
  // each comes while the job goes on
  await sees(/"status":"queued"/);
  const token = await api.worker.claim({ owner: "local", id: created.id });
  await sees(/"status":"running"/);
  await api.worker.succeed({ owner: "local", id: created.id }, token, new TextEncoder().encode("a video"));
  await sees(/event: done/);
}

async function waitsAndLinks(): Promise<void> {
  const [reply] = await Promise.all([createJob(SITE, { Prefer: "wait=60" }), endTheJob(1000)]);
  const job = JSON.parse(await reply.text()) as JobView;
  expect([reply.status, job.status]).toEqual([201, "succeeded"]);
  expect(job.outputs.video?.url.startsWith(`${SITE}/v1/files/`)).toBe(true);
  expect(await (await proxy.ask(job.outputs.video!.url)).text()).toBe("a video");
}

describe.skipIf(NGINX === null)("nginx", () => {
  const start = async (edit?: (text: string) => string, file?: string) => {
    proxy = await startNginx(NGINX!, { apiUrl: api.url, ...(edit ? { edit } : {}) }, file);
  };

  test("passes uploads, events and waiting requests on, and links lead through it", async () => {
    await start();
    await passesUploads();
    await passesEventsAtOnce();
    await waitsAndLinks();
    expect((await proxy.ask(`${SITE}/metrics`)).headers["content-type"]).toBe("text/html");
  });

  test("other host names are refused by the server, which says what to set", async () => {
    await start();
    const reply = await proxy.ask("http://elsewhere.example/v1/jobs");
    expect(reply.status).toBe(403);
    expect(JSON.parse(await reply.text())).toMatchObject({
      code: "host_not_allowed",
      detail: expect.stringMatching(/PUBLIC_URL.*ALLOWED_HOSTS/),
    });
  });

  test("without its lines it would refuse uploads, and end waiting requests", async () => {
    await start((text) =>
      text.replace(/client_max_body_size .*/, "").replace("proxy_read_timeout 330s", "proxy_read_timeout 1s"),
    );
    expect((await put(SITE, 2 * MIB)).status).toBe(413);
    const [reply] = await Promise.all([createJob(SITE, { Prefer: "wait=60" }), endTheJob(2500)]);
    expect(reply.status).toBe(504);
  });

  test("it waits for longer than the server does", () => {
    const { maxWaitMs, dialectWaitMs } = localConfig(readEnv({}), {
      access: "open",
      deps: { version: "1", fetchPolicy: PUBLIC_ONLY },
    });
    for (const file of ["nginx.conf", "nginx-path.conf"]) {
      const text = readFileSync(join(import.meta.dirname, "../../docs/proxy", file), "utf8");
      const [, seconds] = /proxy_read_timeout (\d+)s;/.exec(text)!;
      expect(Number(seconds) * 1000).toBeGreaterThan(Math.max(maxWaitMs, dialectWaitMs));
    }
  });

  test("under a path, which it takes off", async () => {
    await api.close();
    const base = "https://example.org/smile";
    await open(base);
    await start(undefined, "nginx-path.conf");
    expect((await put(base, 2 * MIB)).status).toBe(200);
    const page = await proxy.ask(`${base}/`, { headers: { Accept: "text/html" } });
    expect(await page.text()).toContain(`curl -sSO ${base}/example.jpg`);
    expect((await proxy.ask(`${base}/home.css`)).status).toBe(200);
    expect((await proxy.ask("https://example.org/v1/presets")).status).toBe(404);
  });
});

describe.skipIf(CADDY === null)("Caddy", () => {
  test("passes uploads, events and waiting requests on, and links lead through it", async () => {
    proxy = await startCaddy(CADDY!, { apiUrl: api.url });
    await passesUploads();
    await passesEventsAtOnce();
    await waitsAndLinks();
    const figures = await proxy.ask(`${SITE}/metrics`);
    expect([figures.status, await figures.text()]).toEqual([404, ""]);
  });
});
