/** A video in which people are addressed by name, through the real server with the real engine. */
import { hash, randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPictures } from "@smileloop/engine/media/film-file.ts";
import { unzipSync } from "fflate";
import { Packet } from "node-av/lib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endOf, type Job, postJson, upload } from "../support/client.ts";
import { spokenSound, stripedFilm } from "../support/personalized.ts";
import { GRACE_HOPPER } from "../support/pictures.ts";
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
  of = video,
): Promise<Job & { warnings: { code: string }[] }> {
  const recipients = { upload: await upload(server.url, Buffer.from(list), "text/csv") };
  const body = { kind: "personalize", inputs: { video: { upload: of }, recipients }, params };
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

/** A portrait that says the sentences, made by this server. */
async function speakingPortrait(sentences: [number, string][], seconds: number): Promise<string> {
  await spokenSound(folder, { seconds, sentences, to: join(folder, "speech.wav") });
  const image = { upload: await upload(server.url, readFileSync(GRACE_HOPPER)) };
  const audio = { upload: await upload(server.url, readFileSync(join(folder, "speech.wav")), "audio/wav") };
  const body = { kind: "talk", inputs: { image, audio }, params: { size: 256, seed: 1 } };
  const reply = await postJson(`${server.url}/v1/jobs`, body);
  const talk = await endOf(server.url, ((await reply.json()) as Job).id);
  expect(talk).toMatchObject({ status: "succeeded" });
  const film = Buffer.from(await (await fetch(`${server.url}/v1/jobs/${talk.id}/outputs/video`)).arrayBuffer());
  return upload(server.url, film, "video/mp4");
}

const consent = { subject: "self" };

test("diamond with lips: the lips say the words where they are heard, and the rest of the video stays as it is", async () => {
  const of = await speakingPortrait(
    [
      [0.6, "Bobby Brown"],
      [2.1, "welcome to our new shop, my friend"],
    ],
    4.5,
  );
  const asked = { tier: "diamond", lip_sync: true, consent };
  const job = await personalize("name,phone\nAmelia Poppins,1\nTom,2\n", asked, of);
  expect(job).toMatchObject({ status: "succeeded", error: null });
  const report = await (await fetch(`${server.url}/v1/jobs/${job.id}/outputs/report`)).text();
  expect(report.match(/succeeded/g), report).toHaveLength(2);
  // this server's clips are one group of pictures each, so none of the video's own could be copied
  const archive = await (await fetch(`${server.url}/v1/jobs/${job.id}/outputs/archive`)).arrayBuffer();
  const files = unzipSync(new Uint8Array(archive));
  const [one, other] = await Promise.all(["Amelia Poppins.mp4", "Tom.mp4"].map((name) => picturesIn(files[name]!)));
  expect([one!.length, other!.length]).toEqual([113, 113]);
  expect(one!.slice(0, 50)).not.toEqual(other!.slice(0, 50));
  expect(one!.slice(-12)).toEqual(other!.slice(-12));
});

/** Hashes of the packets, in the order of the file. */
async function picturesIn(bytes: Uint8Array): Promise<string[]> {
  const path = join(folder, `${randomUUID()}.mp4`);
  writeFileSync(path, bytes);
  const { file, stream, close } = await openPictures(path);
  const packet = new Packet();
  packet.alloc();
  const hashes: string[] = [];
  for (; file.readFrameSync(packet) >= 0; packet.unref()) {
    if (packet.streamIndex === stream.index) hashes.push(hash("sha256", packet.data!));
  }
  packet.free();
  await close();
  return hashes;
}

test("platinum: words of the video are found by its text, and others are said in their place, by the lips, too", async () => {
  const [first, second] = ["Hello Jonathan, how are you today?", "Come to Barcelona with all of us."];
  const of = await speakingPortrait(
    [
      [0.5, first],
      [3.2, second],
    ],
    6,
  );
  const asked = { tier: "platinum", markers: ["Jonathan", "Barcelona"], base_text: `${first} ${second}`, consent };
  const job = await personalize("name,phone,Barcelona\nAmelia,1,Manchester\n", asked, of);
  expect(job).toMatchObject({ status: "succeeded", error: null });
  const lost = await personalize("name,phone\nAmelia,1\n", { ...asked, markers: ["Elephant"] }, of);
  expect(lost.error).toMatchObject({ code: "marker_not_found", detail: expect.stringContaining("Elephant") });
});
