/** A batch on AWS: the bundles as Lambda runs them, each with its own role, over S3 and SQS on loopback, from the list to the archive. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, expect, it } from "vitest";
import { lanesOf, PLANS } from "../../infra/policy/engines.ts";
import { getJob, type Job, postJson, upload } from "../support/client.ts";
import { deliver } from "../support/lambda/event-source.ts";
import { startFunctionUrl } from "../support/lambda/function-url.ts";
import { openStack, type Stack } from "../support/lambda/home.ts";
import { queueCallsRefused } from "../support/lambda/roles.ts";
import type { Lambda } from "../support/lambda/runtime.ts";
import { spokenSound, stripedFilm } from "../support/personalized.ts";

/** A loop that brings no end has gone wrong: planning twice, three parts, the last step, and a message for each end. */
const MOST_MESSAGES = 40;

let stack: Stack;
let front: Awaited<ReturnType<typeof startFunctionUrl>>;
let warp: Lambda;
let plans: Lambda;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "smileloop-lambda-plans-"));
  stack = await openStack(["api", "worker-lambda"], { engine: "warp" });
  warp = await stack.start("worker-lambda");
  plans = await stack.start("worker-lambda", { role: "plans", env: { QUEUE: PLANS.name } });
  front = await startFunctionUrl(await stack.start("api"));
});
afterAll(async () => {
  await front?.close();
  await stack?.close();
  rmSync(folder, { recursive: true, force: true });
});

it("two recipients get their files in an archive, and no role was asked for more than it allows", async () => {
  const sentences: [number, string][] = [[0.6, "Dear friend"]];
  const film = await stripedFilm(join(folder, "base.mp4"), await spokenSound(folder, { seconds: 3, sentences }));
  const video = { upload: await upload(front.url, readFileSync(film.path), "video/mp4") };
  const recipients = { upload: await upload(front.url, Buffer.from("name\nAmit\nJosé\n"), "text/csv") };
  const asked = { kind: "personalize", inputs: { video, recipients }, params: { tier: "gold" } };
  const reply = await postJson(`${front.url}/v1/jobs`, asked);
  expect(reply.status, await reply.clone().text()).toBe(202);
  const { id } = (await reply.json()) as Job;

  await serveAll();
  const job = await getJob(front.url, id);
  const logs = () => [plans, warp].map((lambda) => lambda.log().slice(-3000)).join("\n");
  expect(job, logs()).toMatchObject({ status: "succeeded", error: null });
  const bytes = new Uint8Array(await (await fetch(job.outputs.archive!.url)).arrayBuffer());
  const files = unzipSync(bytes);
  expect(Object.keys(files).toSorted()).toEqual(["Amit.mp4", "José.mp4", "report.csv"]);
  for (const name of ["Amit.mp4", "José.mp4"]) {
    expect(Buffer.from(files[name]!.subarray(4, 8)).toString(), name).toBe("ftyp");
  }
  expect(files["Amit.mp4"]).not.toEqual(files["José.mp4"]);

  for (const name of ["api", "worker-lambda", "plans"] as const) {
    expect([name, queueCallsRefused(name, stack.sqs.calls)]).toEqual([name, []]);
  }
  const refused = stack.bucket.double.seen.filter(({ status }) => status === 403);
  expect(refused.map(({ operation, key }) => `${operation} ${key}`)).toEqual([]);
});

/** Hands out messages until there are none: what the queues' event sources do, one at a time. */
async function serveAll(): Promise<void> {
  for (let n = 0; n < MOST_MESSAGES; n++) {
    const of = (queues: readonly string[], worker: Lambda) => deliver(stack.sqs, queues, worker);
    const given = (await of([PLANS.name], plans)) ?? (await of(lanesOf({ name: "warp" }), warp));
    if (!given) return;
    expect(given.outcome, `${given.queue} ${plans.log().slice(-2000)}`).toBe("done");
  }
  throw new Error(`There are still messages after ${MOST_MESSAGES}.`);
}
