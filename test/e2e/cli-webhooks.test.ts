/** `smileloop webhooks` as a process, with a real server and a receiver on loopback. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { commandLine } from "../support/cli.ts";
import { getJob, type Job, postJson } from "../support/client.ts";
import { openReceiver, type Receiver } from "../support/receiver.ts";
import { type ServerProcess, startServer } from "../support/server.ts";

let receiver: Receiver;
let server: ServerProcess;
beforeAll(async () => {
  receiver = await openReceiver((nth) => ({ status: nth === 1 ? 500 : 202 }));
  server = await startServer({ env: { WARP_PROCESSES: "1", FETCH_ALLOW: `127.0.0.1:${receiver.port}` } });
});
afterAll(async () => {
  await server?.stop();
  await receiver?.close();
});
const { run, start } = commandLine();

test("an event is sent again, a receiver tested, and events are verified and passed on here", async () => {
  const asked = { kind: "speak", params: { text: "Hello." }, webhook: receiver.url() };
  const { id } = (await (await postJson(`${server.url}/v1/jobs`, asked)).json()) as Job;
  await expect.poll(async () => (await getJob(server.url, id)).webhook?.state, { timeout: 60_000 }).toBe("delivered");
  const [event] = receiver.received;

  const tested = await run("webhooks", "test", receiver.url(), "--server", server.url);
  expect(tested).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^The receiver answered 500\. after \d+ ms\n$/),
  });
  const replayed = await run("webhooks", "replay", id, "--server", server.url);
  expect(replayed).toMatchObject({ code: 0, stdout: `job.succeeded of ${id} is sent again to ${receiver.url()}\n` });
  await expect.poll(() => receiver.received.length, { timeout: 60_000 }).toBe(3);
  expect(receiver.received[2]!.headers["webhook-id"]).toBe(event!.headers["webhook-id"]);

  const options = ["--port", "0", "--json", "--forward", receiver.url("/mine"), "--server", server.url];
  const listening = start(["webhooks", "listen", ...options]);
  await expect.poll(() => listening.said.stdout, { timeout: 60_000 }).toContain("listening");
  const url = JSON.parse(listening.said.stdout).listening as string;
  const post = (body: string) => {
    const kept = Object.entries(event!.headers).filter(([name]) => name.startsWith("webhook-"));
    return fetch(url, { method: "POST", body, headers: Object.fromEntries(kept) as Record<string, string> });
  };
  expect((await post(event!.body)).status).toBe(202);
  expect((await post(`${event!.body} `)).status).toBe(401);
  const lines = () => listening.said.stdout.trim().split("\n").slice(1);
  await expect.poll(() => lines().length).toBe(2);
  expect(lines().map((line) => JSON.parse(line))).toMatchObject([
    { id: event!.headers["webhook-id"], verified: true, answered: 202, event: { type: "job.succeeded", data: { id } } },
    { verified: false, fault: "None of its signatures is by this server.", answered: 401 },
  ]);
  expect(receiver.received.filter(({ path }) => path === "/mine").map(({ body }) => body)).toEqual([event!.body]);
  listening.child.kill("SIGINT");
  expect((await listening.end).code).toBe(0);
});

test.each([
  [[], /^smileloop: What about webhooks\? Say replay <job>, test <url> or listen\./],
  [["replay"], /^smileloop: Which job\? Give its id\./],
  [["send", "x"], /^smileloop: "webhooks send" is not known\./],
  [["listen", "--port", "x"], /^smileloop: --port: must be a whole number from 0 to 65535, got "x"\./],
  [["test", "http://a.example/", "--server", "a"], /^smileloop: --server: must be an address such as/],
  [["replay", "x", "--forward", "http://a.example/"], /^smileloop: --port and --forward are options of/],
])("webhooks %j is explained", async (args, told) => {
  expect(await run("webhooks", ...args)).toMatchObject({ code: 2, stderr: expect.stringMatching(told) });
});

test("a server that is not there, and a job that is not, are told as such", async () => {
  const none = await run("webhooks", "replay", "x", "--server", "http://127.0.0.1:1");
  expect(none).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/There is no answer from http:\/\/127.0.0.1:1;/),
  });
  const missing = await run("webhooks", "replay", "0199a1b2c3d47e5f8a9b0c1d2e3f4a5b", "--server", server.url);
  expect(missing.code).toBe(1);
});
