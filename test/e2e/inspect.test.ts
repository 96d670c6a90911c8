/** Pictures that are inspected by the real server, and what a hostile one costs. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endOf, type Job, postJob, postJson, upload } from "../support/client.ts";
import { ASTRONAUT, twelveMegapixels } from "../support/pictures.ts";
import { until } from "../support/processes.ts";
import { processTree, type ServerProcess, startServer } from "../support/server.ts";

type Inspection = { status: number; code?: string; width: number; faces: { box: { x: number }; moves: boolean }[] };

let server: ServerProcess;
beforeAll(async () => {
  server = await startServer({ env: { LOG_LEVEL: "warn", WARP_PROCESSES: "1" } });
});
afterAll(async () => {
  expect(await server?.stop()).toMatchObject({ code: 0, signal: null });
});

async function inspect(input: object): Promise<Inspection> {
  const reply = await postJson(`${server.url}/v1/inspect`, { input });
  return { status: reply.status, ...((await reply.json()) as Omit<Inspection, "status">) };
}

test("a photo of 12 megapixels, also while a job is under way", async () => {
  const large = await upload(server.url, await twelveMegapixels());
  const job = (await (await postJob(server.url, large)).json()) as Job;
  const found = await inspect({ upload: large });
  expect(found).toMatchObject({ status: 200, width: 4000, height: 3000, warnings: [] });
  expect(found.faces).toMatchObject([{ moves: true, glasses: "none_seen", warnings: [] }]);
  expect(found.faces[0]!.box.x).toBeGreaterThan(1000);
  expect(await inspect({ job: job.id, input: "image" })).toEqual(found);
  expect((await endOf(server.url, job.id)).status).toBe("succeeded");
});

test("a file that is cut off is refused, and the next one looked at", async () => {
  const photo = readFileSync(ASTRONAUT);
  const cut = await upload(server.url, photo.subarray(0, photo.length / 2));
  expect(await inspect({ upload: cut })).toMatchObject({ status: 422, code: "input_unreadable" });
  expect(await inspect({ upload: await upload(server.url, photo) })).toMatchObject({ status: 200, width: 512 });
});

test.skipIf(process.platform !== "linux")("a process that is gone is replaced", async () => {
  const photo = await upload(server.url, readFileSync(ASTRONAUT));
  const inspectors = () =>
    processTree(server.pid).filter((pid) =>
      /--services\0inspect[,\0]/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8")),
    );
  const [first] = inspectors();
  process.kill(first!, "SIGKILL");
  await until(() => !inspectors().includes(first!));
  expect(await inspect({ upload: photo })).toMatchObject({ status: 200, width: 512 });
});
