import { EnvError, readEnv } from "@smileloop/core/env.ts";
import { expect, test } from "vitest";
import { testApi } from "../../test/support/api.ts";
import { createMetrics, placeOfServer, placeOfWorker } from "./metrics.ts";

test.each<[string, Record<string, string>, unknown]>([
  ["on loopback", {}, "on"],
  ["on loopback, where it was switched off", { METRICS: "0" }, "off"],
  ["behind a proxy", { PUBLIC_URL: "https://smile.example" }, "off"],
  ["on another address", { HOST: "0.0.0.0" }, "off"],
  ["on another address, where it was asked for", { HOST: "0.0.0.0", METRICS: "1" }, "on"],
  ["on an address for nothing else", { METRICS: "9464" }, { host: "localhost", port: 9464 }],
])("a server has figures %s: %o", (_, env, place) => expect(placeOfServer(readEnv(env))).toEqual(place));

test("a worker has them on a port alone", () => {
  const placeOf = (env: Record<string, string>) => placeOfWorker(readEnv(env));
  expect([placeOf({}), placeOf({ METRICS: "0" })]).toEqual([null, null]);
  expect(placeOf({ METRICS: "0.0.0.0:9464" })).toEqual({ host: "0.0.0.0", port: 9464 });
  expect(() => placeOf({ METRICS: "1" })).toThrow(EnvError);
});

test("where they are served, no key is asked for; elsewhere there is nothing", async () => {
  const closed = { access: { keys: new Map(), anonymous: true } } as const;
  const ask = (api: ReturnType<typeof testApi>) => api.app.fetch(new Request("http://localhost/metrics"));
  expect((await ask(testApi())).status).toBe(404);
  const metrics = await createMetrics("1.2.3");
  const reply = await ask(testApi(closed, { metrics: metrics.read }));
  expect([reply.status, reply.headers.get("content-type")]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"]);
  expect(await reply.text()).toContain('smileloop_build_info{version="1.2.3"} 1');
});

test("stages and methods without end are told as `other`", async () => {
  const { onJob, onReply, read } = await createMetrics("1.2.3");
  const timings = Object.fromEntries(Array.from({ length: 80 }, (_, n) => [`stage${n}`, 1000]));
  onJob({ kind: "animate", timings } as never, "succeeded");
  onReply({ route: "none", method: "PROPFIND", status: 404, seconds: 0.01 });
  const { text } = await read();
  expect(text).toContain('smileloop_job_stage_seconds_count{kind="animate",stage="other"} 30');
  expect(text).toContain('route="none",method="other",status="404"');
});

test("the operator's view gets sums of some of them", async () => {
  const { onJob, onReply, figures } = await createMetrics("1.2.3");
  for (const kind of ["animate", "talk"]) onJob({ kind, timings: {} } as never, "succeeded");
  onJob({ kind: "talk", timings: {}, error: { code: "no_face" } } as never, "failed");
  for (const route of ["/v1/jobs", "/health"]) onReply({ route, method: "GET", status: 200, seconds: 0.25 });
  const found = await figures();
  expect(found).toEqual(
    expect.arrayContaining([
      { name: "smileloop_jobs_total", label: "succeeded", value: 2 },
      { name: "smileloop_jobs_total", label: "failed", value: 1 },
      { name: "smileloop_http_request_duration_seconds_count", label: null, value: 2 },
      { name: "smileloop_http_request_duration_seconds_sum", label: null, value: 0.5 },
      { name: "smileloop_storage_errors_total", label: null, value: 0 },
    ]),
  );
  const memory = found.find(({ name }) => name === "process_resident_memory_bytes");
  expect(memory?.value).toBeGreaterThan(1e6);
});
