/** A real server that fetches pictures from another one, and is killed in the middle of it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endOf, type Job, postJson, SMALL } from "../support/client.ts";
import { type OtherServer, otherServer } from "../support/other-server.ts";
import { ASTRONAUT } from "../support/pictures.ts";
import { isAlive, until } from "../support/processes.ts";
import { type ServerProcess, startServer } from "../support/server.ts";

const PHOTO = readFileSync(ASTRONAUT);
const dataDir = mkdtempSync(join(tmpdir(), "smileloop-urls-"));
let elsewhere: OtherServer;
let server: ServerProcess;
let answer = (reply: ServerResponse): void => void reply.end(PHOTO);

const start = () => {
  const env = { LOG_LEVEL: "info", WARP_PROCESSES: "1", FETCH_ALLOW: `127.0.0.1:${elsewhere.port}` };
  return startServer({ dataDir, env });
};
beforeAll(async () => {
  elsewhere = await otherServer((_, reply) => answer(reply));
  server = await start();
});
afterAll(async () => {
  if (isAlive(server.pid)) await server.stop();
  await elsewhere.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function post(url: string): Promise<Job & { code?: string }> {
  const body = { kind: "animate", inputs: { image: { url } }, params: SMALL };
  return (await (await postJson(`${server.url}/v1/jobs`, body)).json()) as Job;
}
const photoAt = (path: string) => elsewhere.at(path, "127.0.0.1");

test("a server that is killed while it fetches does so again, and the clip is made", async () => {
  answer = (reply) => void reply.writeHead(200).write(PHOTO.subarray(0, 1000));
  const { id } = await post(photoAt("/photo?signature=secret"));
  await until(async () => elsewhere.asked.length === 1);
  await server.stop("SIGKILL");
  answer = (reply) => void reply.end(PHOTO);
  server = await start();
  const job = await endOf(server.url, id);
  expect(job).toMatchObject({ status: "succeeded", error: null, attempt: 2 });
  expect(job).toMatchObject({ inputs: { image: { content_type: "image/jpeg", bytes: PHOTO.length } } });
  expect(elsewhere.asked).toHaveLength(2);
  expect(server.stderr()).not.toContain("secret");
  const records = readdirSync(dataDir, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json"));
  expect(records.length).toBeGreaterThan(0);
  for (const name of records) expect(readFileSync(join(dataDir, name), "utf8")).not.toContain("secret");
});

test("its result is an input by its address, without being fetched", async () => {
  const { id } = await post(photoAt("/photo"));
  const made = await endOf(server.url, id);
  const asked = elsewhere.asked.length;
  for (const url of [made.outputs.poster!.url, `${server.url}/v1/jobs/${id}/outputs/poster`]) {
    expect(await endOf(server.url, (await post(url)).id)).toMatchObject({ status: "succeeded" });
  }
  expect(elsewhere.asked).toHaveLength(asked);
});

test("nothing else on this machine is reached, by its address or by a redirect", async () => {
  const inner = await otherServer((_, reply) => reply.end(PHOTO));
  expect(await post(inner.at("/", "127.0.0.1"))).toMatchObject({ code: "fetch_refused" });
  answer = (reply) => void reply.writeHead(302, { Location: inner.at("/", "127.0.0.1") }).end();
  const job = await endOf(server.url, (await post(photoAt("/a"))).id);
  expect(job).toMatchObject({ status: "failed", error: { code: "fetch_refused", input: "image" } });
  expect(inner.asked).toEqual([]);
  await inner.close();
});
