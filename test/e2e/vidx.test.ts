/** VidX's clients on the real server with the real engine: from a form to a ZIP in which everybody has a file. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sniffType } from "@smileloop/core/media/sniff.ts";
import { readReport } from "@smileloop/core/recipients/read-report.ts";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, expect, test } from "vitest";
import { spokenSound, stripedFilm } from "../support/personalized.ts";
import { until } from "../support/processes.ts";
import { type ServerProcess, startServer } from "../support/server.ts";

let server: ServerProcess;
let folder: string;
let video: Buffer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "smileloop-vidx-"));
  // settings as VidX's server has them
  const env = { STORAGE_BACKEND: "local", VIDX_DATA_DIR: join(folder, "data"), DATA_DIR: "" };
  server = await startServer({
    env: { LOG_LEVEL: "error", WARP_PROCESSES: "1", ...env },
    dataDir: join(folder, "data"),
  });
  const sentences: [number, string][] = [
    [0.6, "Dear friend"],
    [2.1, "welcome to our new shop"],
  ];
  const { path } = await stripedFilm(join(folder, "base.mp4"), await spokenSound(folder, { seconds: 4.4, sentences }));
  video = readFileSync(path);
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
  expect(server.stderr()).toBe("");
});

type Status = Record<string, unknown> & { status: string; total: number | null; warnings: { code: string }[] };

async function send(list: string, texts: Record<string, string>): Promise<Response> {
  const form = new FormData();
  form.set("base_video", new Blob([new Uint8Array(video)]), "base.mp4");
  form.set("recipients", new Blob([list]), "recipients.csv");
  for (const [name, text] of Object.entries(texts)) form.set(name, text);
  return fetch(`${server.url}/jobs`, { method: "POST", body: form });
}

const statusOf = async (id: string) => (await (await fetch(`${server.url}/jobs/${id}`)).json()) as Status;

test("a batch in three scripts: each has a file that can be told apart, one who fails does not stop the others", async () => {
  // no voice reads runes
  const list = "name,phone\nAmit,1\nराम,2\nAmit,3\n李雷,4\nᚠᚢᚦᚨᚱᚲ,5\n";
  const reply = await send(list, { insert_mode: "silver", batch_gap_hint: "ठहराव" });
  const { job_id, status } = (await reply.json()) as { job_id: string; status: string };
  expect([reply.status, status]).toEqual([200, "queued"]);
  const totals = new Set<number | null>();
  await until(async () => {
    const now = await statusOf(job_id);
    totals.add(now.total);
    return now.status === "done" || now.status === "failed";
  });
  expect([...totals].filter((total) => total !== null)).toEqual([5]);
  const done = await statusOf(job_id);
  expect(done).toMatchObject({
    ...{ status: "done", error: null, download_url: `/jobs/${job_id}/download` },
    ...{ total: 5, succeeded: 4, failed: 1, running: 0 },
    failures: [{ row: 6, name: "ᚠᚢᚦᚨᚱᚲ" }],
  });
  // without `lang` in Hindi, and each script that it does not read by its own
  expect(done.voice).toMatch(/^espeak-hi\b.*espeak-(cmn|zh)/);
  expect(done.warnings.map(({ code }) => code)).toEqual(
    expect.arrayContaining(["recipients_failed", "voice_replaced", "no_effect"]),
  );

  const zip = await fetch(server.url + done.download_url);
  expect(zip.headers.get("content-type")).toBe("application/zip");
  const files = unzipSync(new Uint8Array(await zip.arrayBuffer()));
  expect(Object.keys(files).sort()).toEqual(["Amit (2).mp3", "Amit.mp3", "report.csv", "राम.mp3", "李雷.mp3"]);
  expect(await sniffType(files["राम.mp3"]!)).toBe("audio/mpeg");
  // the name is not that of a neighbour
  expect(Buffer.compare(files["राम.mp3"]!, files["Amit.mp3"]!)).not.toBe(0);
  const report = await readReport(Buffer.from(files["report.csv"]!).toString());
  expect(report?.map((row) => row.status)).toEqual([...Array(4).fill("succeeded"), "failed"]);
});

test("a list with faults is refused with their rows before anything is made", async () => {
  const reply = await send("name,phone\nAmit,1\n,2\n!!,3\n", {});
  const { detail } = (await reply.json()) as { detail: { loc: string[]; msg: string }[] };
  expect(reply.status).toBe(422);
  expect(detail.map(({ loc, msg }) => [loc.join("."), msg.slice(0, 23)])).toEqual([
    ["body.recipients", "Row 3, column 'name': i"],
    ["body.recipients", "Row 4, column 'name': h"],
  ]);
});

test("all who fail make the job fail, with a sentence", async () => {
  const reply = await send("name,phone\nᚠᚢᚦᚨᚱᚲ,1\n", { insert_mode: "gold" });
  const { job_id } = (await reply.json()) as { job_id: string };
  await until(async () => (await statusOf(job_id)).status === "failed");
  expect(await statusOf(job_id)).toMatchObject({ error: expect.stringMatching(/recipient failed. Row 2: /) as string });
  expect((await fetch(`${server.url}/jobs/${job_id}/download`)).status).toBe(400);
});
