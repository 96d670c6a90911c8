/** Who follows a job by server-sent events: what a thousand of them cost while nothing happens, and how soon they are told. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { type Job, postJson } from "../../test/support/client.ts";
import { ASTRONAUT } from "../../test/support/pictures.ts";
import { type ServerProcess, startServer } from "../../test/support/server.ts";
import { type Figure, median, type Part } from "./measure.ts";

const STREAMS = 1000;
/** One owner may have 100 streams. */
const OWNERS = 10;
const RUNS = 9;
const SETTLED_MS = 3000;

export const followers: Part = {
  name: "followers",
  figures: async () => {
    // jobs wait for a photo from a server that takes requests and never answers
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as { port: number };
    try {
      const env = { ANONYMOUS: "1", FETCH_ALLOW: `127.0.0.1:${port}` };
      const waiting = await withServer(env, (server) => idle(server, `http://127.0.0.1:${port}/photo.jpg`));
      return [...waiting, ...(await withServer({ ANONYMOUS: "1" }, told))];
    } finally {
      silent.close();
    }
  },
};

async function withServer<T>(env: Record<string, string>, use: (server: ServerProcess) => Promise<T>): Promise<T> {
  const server = await startServer({ env });
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}

async function idle(server: ServerProcess, photo: string): Promise<Figure[]> {
  const jobs: { id: string; token: string }[] = [];
  for (let i = 0; i < OWNERS; i++) {
    const token = randomBytes(32).toString("hex");
    jobs.push({ id: (await newJob(server, token, { url: photo })).id, token });
  }
  // the first ones load what the others use, too
  const first = await Promise.all(jobs.map(({ id, token }) => follow(server, id, token)));
  await pause(SETTLED_MS);
  const before = residentBytes(server.pid);
  const more = await Promise.all(
    Array.from({ length: STREAMS - OWNERS }, (_, i) => {
      const { id, token } = jobs[i % OWNERS]!;
      return follow(server, id, token);
    }),
  );
  await pause(SETTLED_MS);
  const grown = (residentBytes(server.pid) - before) * (STREAMS / more.length);
  for (const stream of [...first, ...more]) stream.destroy();
  return [{ name: "1,000 idle event streams: memory", unit: "MB", value: grown / 1e6, target: 60 }];
}

async function told(server: ServerProcess): Promise<Figure[]> {
  const token = randomBytes(32).toString("hex");
  const photo = readFileSync(ASTRONAUT);
  const headers = { "X-Anonymous-Token": token };
  const delays: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const reply = await fetch(`${server.url}/v1/uploads`, {
      method: "POST",
      headers: { ...headers, "Content-Type": "application/json" },
      body: JSON.stringify({ content_type: "image/jpeg", size: photo.length }),
    });
    const link = (await reply.json()) as { id: string; url: string; headers: Record<string, string> };
    await fetch(link.url, { method: "PUT", headers: link.headers, body: photo });
    const { id } = await newJob(server, token, { upload: link.id });
    const stream = await follow(server, id, token);
    let text = "";
    for await (const chunk of stream) text += chunk;
    const arrived = Date.now();
    const ended = await fetch(`${server.url}/v1/jobs/${id}`, { headers });
    delays.push(arrived - Date.parse(((await ended.json()) as { finished_at: string }).finished_at));
    if (!text.includes("event: done")) throw new Error("The stream ended without `done`.");
  }
  return [{ name: "the end of a job at a client", unit: "ms", value: median(delays), target: 250, runs: delays }];
}

async function newJob(server: ServerProcess, token: string, image: object): Promise<Job> {
  const body = { kind: "animate", inputs: { image }, params: { preset: "blink", size: 256 } };
  const reply = await postJson(`${server.url}/v1/jobs`, body, { "X-Anonymous-Token": token });
  if (reply.status !== 202) throw new Error(`${reply.status}: ${await reply.text()}`);
  return (await reply.json()) as Job;
}

/** Once its first event is there. */
async function follow(server: ServerProcess, id: string, token: string): Promise<IncomingMessage> {
  const asked = get(`${server.url}/v1/jobs/${id}/events`, {
    headers: { "X-Anonymous-Token": token },
    agent: false,
  });
  const [stream] = (await once(asked, "response")) as [IncomingMessage];
  if (stream.statusCode !== 200) throw new Error(`A stream was refused: ${stream.statusCode}.`);
  stream.on("error", () => {});
  return stream;
}

/** Of the process that serves requests; its engines are others. */
function residentBytes(pid: number): number {
  const [, kilobytes = "0"] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) * 1024;
}
