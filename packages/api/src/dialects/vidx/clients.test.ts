/** The documented commands as they stand in the original's document. Their address and the names of their files alone are put in. */
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { TestApi } from "../../../../../test/support/api.ts";
import { CONVERTED, FILES, VOICE, vidxApi, working, ZIP } from "../../../../../test/support/vidx.ts";

const run = promisify(execFile);
let api: TestApi;
let dir: string;
beforeEach(async () => {
  api = vidxApi();
  await api.listen();
  dir = mkdtempSync(join(tmpdir(), "smileloop-client-"));
  for (const name of ["base.mp4", "base.MOV"]) writeFileSync(join(dir, name), FILES.base_video);
  writeFileSync(join(dir, "recipients.xlsx"), FILES.recipients);
  writeFileSync(join(dir, "voice.wav"), VOICE);
});
afterEach(async () => {
  await api.close();
  rmSync(dir, { recursive: true });
});

const hasCurl = () => {
  try {
    execFileSync("curl", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

/** Runs what the document has for `http://localhost:8000`, with files of `/path/to`. */
async function sent(script: string): Promise<string> {
  writeFileSync(
    join(dir, "client.sh"),
    script.replaceAll("http://localhost:8000", api.url).replaceAll("/path/to", dir),
  );
  return (await run("sh", ["client.sh"], { cwd: dir })).stdout;
}

it.skipIf(!hasCurl())("curl: a job, its status, its ZIP (skipped without curl)", async () => {
  const create = `
curl -s -X POST http://localhost:8000/jobs \\
  -F "base_video=@/path/to/base.mp4" \\
  -F "recipients=@/path/to/recipients.xlsx" \\
  -F "voice_sample=@/path/to/voice.wav" \\
  -F "insert_mode=silver" \\
  -F "name_position=start" \\
  -F "text={name}" \\
  -F "lang=hi" \\
  -F "convert_mov=true"
`;
  const reply = JSON.parse(await sent(create)) as { job_id: string };
  expect(reply).toEqual({ job_id: expect.stringMatching(/^[0-9a-f]{32}$/) as string, status: "queued" });
  const { job_id } = reply;
  const asked = async () => JSON.parse(await sent(`curl -s http://localhost:8000/jobs/${job_id}`)) as object;
  expect(await asked()).toMatchObject({ job_id, status: "queued", error: null });

  const stop = working(api, "plans");
  await expect
    .poll(asked)
    .toMatchObject({ job_id, status: "done", error: null, download_url: `/jobs/${job_id}/download` });
  await stop();
  await sent(`curl -s -O http://localhost:8000/jobs/${job_id}/download`);
  expect(new Uint8Array(readFileSync(join(dir, "download")))).toEqual(ZIP);
  await sent(`curl -s -OJ http://localhost:8000/jobs/${job_id}/download`);
  expect(new Uint8Array(readFileSync(join(dir, `${job_id}.zip`)))).toEqual(ZIP);
});

it.skipIf(!hasCurl())("curl: a video is converted, and names are forgotten (skipped without curl)", async () => {
  const stop = working(api, "warp");
  const convert = `
curl -s -X POST http://localhost:8000/convert \\
  -F "base_video=@/path/to/base.MOV" \\
  -F "crf=20" \\
  -F "preset=medium" \\
  -F "audio_bitrate=160k" \\
  -o converted.mp4
`;
  await sent(convert);
  await stop();
  expect(new Uint8Array(readFileSync(join(dir, "converted.mp4")))).toEqual(CONVERTED);
  const cleared = JSON.parse(await sent("curl -s -X POST http://localhost:8000/cache/name-audio/clear")) as object;
  expect(cleared).toMatchObject({ status: "ok", removed_files: 0, removed_dirs: 0 });
});
