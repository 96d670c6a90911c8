/** A voice elsewhere, from the environment of the server to a finished sound; its key is found nowhere else. */
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { processTree, type ServerProcess, startServer } from "../support/server.ts";
import { wavOf } from "../support/sounds.ts";

const KEY = "sk-a-key-that-is-nowhere";
const TEXT = "These words are in no log";

let voices: Server;
let server: ServerProcess;
let refuses = false;
const authorizations: Array<string | undefined> = [];

beforeAll(async () => {
  const sound = wavOf([Float32Array.from({ length: 24_000 }, (_, n) => Math.sin(n / 20) / 2)], 24_000);
  voices = createServer((request, response) => {
    authorizations.push(request.headers.authorization);
    request.resume().on("end", () => {
      // as servers do that repeat what they were sent
      if (refuses) response.writeHead(401).end(`bad key: ${request.headers.authorization}`);
      else response.writeHead(200, { "content-type": "audio/wav" }).end(sound);
    });
  });
  await new Promise<void>((done) => voices.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(voices.address() as AddressInfo).port}`;
  const env = { VOICE_URL: url, VOICE_KEY: KEY, VOICE_NAMES: "nova=en", LOG_LEVEL: "trace" };
  server = await startServer({ env });
});
afterAll(async () => {
  await server.stop();
  voices.close();
});

type Job = {
  status: string;
  error: { code: string; detail: string } | null;
  warnings: unknown[];
  outputs: Record<string, { content_type: string; duration?: number; audio?: object }>;
};

async function job(params: Record<string, unknown>): Promise<{ job: Job; text: string; id: string }> {
  const body = JSON.stringify({ kind: "speak", params });
  const headers = { "content-type": "application/json", prefer: "wait=60" };
  const created = await (await fetch(`${server.url}/v1/jobs`, { method: "POST", headers, body })).text();
  const { id } = JSON.parse(created) as { id?: string };
  if (id === undefined) throw new Error(created);
  for (;;) {
    const text = await (await fetch(`${server.url}/v1/jobs/${id}`, { headers: { prefer: "wait=30" } })).text();
    const found = JSON.parse(text) as Job;
    if (["succeeded", "failed"].includes(found.status)) return { job: found, text, id };
    await new Promise((done) => setTimeout(done, 200));
  }
}

/** The command lines of this server and of the processes that it has started, and of no others. Linux. */
function commandLines(): string {
  if (process.platform !== "linux") return "";
  return processTree(server.pid)
    .map((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8"))
    .join("\n");
}

function filesOf(folder: string): string {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map(({ parentPath, name }) => readFileSync(join(parentPath, name), "latin1")).join("\n");
}

test("a voice of the operator speaks, one that refuses is an error, and the key stays where it is", async () => {
  const { voices: listed } = (await (await fetch(`${server.url}/v1/voices?language=en`)).json()) as {
    voices: object[];
  };
  expect(listed).toContainEqual(expect.objectContaining({ name: "nova", source: "operator", available: true }));

  const spoken = await job({ text: TEXT, voice: "nova", format: "m4a" });
  expect(spoken.job, spoken.text).toMatchObject({
    status: "succeeded",
    outputs: { audio: { content_type: "audio/mp4", audio: { codec: "aac", channels: 1 } } },
  });
  expect(spoken.job.outputs.audio!.duration).toBeGreaterThan(1);
  const times = await (await fetch(`${server.url}/v1/jobs/${spoken.id}/outputs/spoken`)).json();
  expect(times).toEqual({ voices: [{ name: "nova", language: "en" }], words: [], phones: [] });
  expect(authorizations).toEqual([`Bearer ${KEY}`]);

  refuses = true;
  const refused = await job({ text: TEXT, voice: "nova" });
  expect(refused.job.error).toMatchObject({
    code: "voice_unavailable",
    detail: "The voice nova is not available: it refused the key that this installation has for it (401).",
  });
  const ours = await job({ text: "Good morning!" });
  expect(ours.job.status).toBe("succeeded");

  const places = {
    ...{ reply: spoken.text, refusal: refused.text, log: server.stderr(), output: server.stdout() },
    ...{ files: filesOf(server.dataDir), commands: commandLines() },
  };
  // by name, so that a failure does not print what was searched
  const holding = Object.entries(places).filter(([, text]) => text.includes(KEY));
  expect(holding.map(([name]) => name)).toEqual([]);
  expect(places.log.includes(TEXT)).toBe(false);
});

test("what cannot be said is told in a sentence", async () => {
  const { job: failed } = await job({ text: "ไทย" });
  expect(failed.error).toMatchObject({
    code: "invalid_request",
    detail: "params.text has letters of the script Thai, which no voice here reads.",
  });
  const body = JSON.stringify({ kind: "speak", params: { text: "a".repeat(100_000) } });
  const reply = await fetch(`${server.url}/v1/jobs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  expect(reply.status).toBe(422);
  expect(await reply.text()).toContain('"loc":["body","params","text"]');
});
