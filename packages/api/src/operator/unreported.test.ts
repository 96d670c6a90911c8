/** What an operator sees of events that do not arrive. */
import { makeApiKey, parseApiKeys } from "@smileloop/core/api-keys.ts";
import { updateJob } from "@smileloop/core/jobs/jobs.ts";
import { createSigning } from "@smileloop/core/webhooks/signing.ts";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type TestApi, testApi } from "../../../../test/support/api.ts";
import { makeJob } from "../../../../test/support/jobs.ts";

const operator = makeApiKey("operator");
const operators = parseApiKeys(operator.entry).keys;
const HOOK = "https://hooks.example/in?secret=1";

let api: TestApi;
beforeEach(() => {
  api = testApi({ operators }, { webhooks: { signing: createSigning([Buffer.alloc(32, 3)]) } });
});
afterEach(() => api.close());

async function call<Body>(method: string, path: string): Promise<Body> {
  const headers = { Authorization: `Bearer ${operator.key}` };
  const reply = await api.app.fetch(new Request(`http://localhost/v1/operator/${path}`, { method, headers }));
  return (await reply.json()) as Body;
}
const unreported = async () => (await call<{ jobs: { id: string }[] }>("GET", "jobs?list=unreported")).jobs;

async function failedJob(): Promise<{ owner: string; id: string }> {
  const job = await makeJob(api, {}, { webhook: { url: HOOK } });
  await api.worker.fail(job, await api.worker.claim(job), { code: "no_face", detail: "" });
  return job;
}

async function tryEvent({ owner, id }: { owner: string; id: string }, nth: number, status: number): Promise<void> {
  await updateJob(api.deps, owner, id, () => ({ by: "deliverer", do: "deliver" }));
  const outcome = status === 204 ? "delivered" : "failed";
  const attempt = { at: api.clock.now(), status, ms: 3, error: null };
  await updateJob(api.deps, owner, id, () => ({ by: "deliverer", do: "delivered", nth, outcome, attempt }));
}

it("jobs whose event was refused are listed with the host and the answer, until it is taken", async () => {
  const job = await failedJob();
  await failedJob();
  expect(await unreported()).toEqual([]);
  await tryEvent(job, 1, 500);
  const listed = await unreported();
  const webhook = { host: "hooks.example", state: "pending", tries: 1, last: { status: 500, error: null } };
  expect(listed).toMatchObject([{ id: job.id, webhook }]);
  expect(JSON.stringify(listed)).not.toContain("secret");
  await api.clock.advance(10 * 60_000);
  await tryEvent(job, 2, 204);
  expect(await unreported()).toEqual([]);
});

it("a job that is sent again reports to the same receiver", async () => {
  const job = await failedJob();
  const { id } = await call<{ id: string }>("POST", `jobs/${job.id}/replay`);
  const { record } = (await api.deps.records.get(job.owner, id))!;
  expect(record.webhook).toMatchObject({ url: HOOK, state: "waiting", tries: 0 });
});
