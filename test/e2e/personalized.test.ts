/** A video in which people are addressed by name, through the real server with the real engine. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endOf, type Job, postJson, upload } from "../support/client.ts";
import { spokenSound, stripedFilm } from "../support/personalized.ts";
import { type ServerProcess, startServer } from "../support/server.ts";

let server: ServerProcess;
let folder: string;
let video: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "smileloop-personalized-"));
  server = await startServer({ env: { LOG_LEVEL: "error", WARP_PROCESSES: "1" } });
  const sentences: [number, string][] = [
    [0.6, "Dear friend"],
    [2.1, "welcome to our new shop"],
    [4.4, "we are happy to see you"],
  ];
  const { path } = await stripedFilm(join(folder, "base.mp4"), await spokenSound(folder, { seconds: 6.4, sentences }));
  video = await upload(server.url, readFileSync(path), "video/mp4");
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
  expect(server.stderr()).toBe("");
});

async function personalize(
  list: string,
  params: Record<string, unknown>,
): Promise<Job & { warnings: { code: string }[] }> {
  const recipients = { upload: await upload(server.url, Buffer.from(list), "text/csv") };
  const body = { kind: "personalize", inputs: { video: { upload: video }, recipients }, params };
  const reply = await postJson(`${server.url}/v1/jobs`, body);
  expect(reply.status, await reply.clone().text()).toBe(202);
  const { id } = (await reply.json()) as Job;
  return (await endOf(server.url, id)) as Job & { warnings: { code: string }[] };
}

test.each(["silver", "gold", "diamond"])(
  "%s: each of three people gets a file, and a name that is too long is told",
  async (tier) => {
    const long = "Alexander Maximilian Montgomery of Winchester ".repeat(8).trim();
    const list = `name,phone\nAmit,1\nराम,2\nJosé,3\n${tier === "silver" ? "" : `${long},4\n`}`;
    const job = await personalize(list, { tier });
    expect(job).toMatchObject({ status: "succeeded", error: null });
    const report = await (await fetch(`${server.url}/v1/jobs/${job.id}/outputs/report`)).text();
    expect(report.match(/succeeded/g)).toHaveLength(3);
    if (tier !== "silver") expect(report).toMatch(/failed,words_too_long,"?The words are too long for the video/);
  },
);
