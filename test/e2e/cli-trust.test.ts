/** `smileloop audit check` and `smileloop erase` as processes. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { diskAudit } from "@smileloop/core/audit/disk.ts";
import { createLog } from "@smileloop/core/log.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { jpegBytes, type TestApi, testApi } from "../support/api.ts";

const CLI = fileURLToPath(new URL("../../packages/cli/bin/smileloop.mjs", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "smileloop-cli-trust-"));
let api: TestApi;
beforeAll(async () => {
  api = testApi();
  await api.listen();
});
afterAll(async () => {
  await api.close();
  rmSync(dir, { recursive: true });
});

function typed(...args: string[]) {
  const env = { PATH: process.env.PATH, DATA_DIR: dir };
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], { encoding: "utf8", env });
  return { status, stdout, stderr };
}

test("an audit that was changed is told from one that was not, and the line is named", async () => {
  const store = diskAudit({ dir, log: createLog({ level: "silent" }) });
  const lines = [];
  for (let n = 1; n <= 3; n++) lines.push(await store.append({ kind: "consent", at: n, details: { job: `${n}` } }));
  await store.close();
  const head = `${lines[2]!.seq}:${lines[2]!.hash}`;
  expect(typed("audit", "check", "--head", head)).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(new RegExp(`trust: 3 lines, the last ${head}, as they were written`)),
  });
  const path = join(dir, "audit", "trust.jsonl");
  writeFileSync(path, readFileSync(path, "utf8").replace('"job":"2"', '"job":"9"'));
  const found = typed("audit", "check", "--json");
  expect([found.status, JSON.parse(found.stdout)]).toMatchObject([
    1,
    { ok: false, chains: { trust: { faults: [{ place: 2, detail: expect.stringMatching(/line 2 was changed/) }] } } },
  ]);
});

test.each<[string[], RegExp]>([
  [["audit"], /Say audit check/],
  [["audit", "check", "--head", "3"], /--head: must be <number>:<64 hex digits>, got "3"/],
  [["erase"], /Say --yes/],
  [["erase", "--yes", "--server", "nowhere"], /--server: must be an address/],
])("%j is explained", (args, told) => {
  expect(typed(...args)).toMatchObject({ status: 2, stderr: expect.stringMatching(told) });
});

test("everything of an owner is erased through the server", async () => {
  const { id } = (await (
    await fetch(`${api.url}/v1/uploads`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ content_type: "image/jpeg", size: 2000 }),
    })
  ).json()) as { id: string };
  const body = async function* () {
    yield jpegBytes();
  };
  await api.deps.files.put(`uploads/${id}.local`, body(), { type: "image/jpeg" });
  const child = spawn(process.execPath, [CLI, "erase", "--yes", "--server", api.url]);
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const code = await new Promise((resolve) => child.once("exit", resolve));
  expect([code, said]).toEqual([0, "Erased: jobs 0, uploads 1\n"]);
  expect((await api.stored()).filter((key) => key.startsWith("uploads/"))).toEqual([]);
});
