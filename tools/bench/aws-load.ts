/**
 * Jobs at a constant rate, whether or not the ones before are answered, or so many at a time, from a process of its own:
 *
 *     node aws-load.ts open|closed <seconds> <rate|at a time> api '{"port", "key", "uploads": [id, …]}'
 *     node aws-load.ts open|closed <seconds> <rate|at a time> doubles '{"s3": port, "sqs": port, "url", "uploads": […], "owner"}'
 *
 * `api` asks for a job; `doubles` makes the six calls of one itself, one after the other, which is what the doubles take of
 * it. With `open`, times count from the moment at which a job was to begin, so that whoever waits for a connection or for this
 * process is waiting.
 */
import { newId } from "@smileloop/core/job/ids.ts";
import { inputKey, jobPrefix, ownerPrefix, timerKey, uploadKey } from "@smileloop/core/job/keys.ts";
import { ADMIN } from "../../test/support/s3.ts";
import { signedHeaders } from "../../test/support/s3-double/signature.ts";
import { type Client, client, goFirst, until } from "./load.ts";

/** Milliseconds; `jobs` a second. */
export type LoadResult = { p50: number; p99: number; max: number; jobs: number; jobsPerSecond: number; errors: number };
export type ApiTarget = { port: number; key: string; uploads: string[] };
export type DoublesTarget = { s3: number; sqs: number; url: string; owner: string; uploads: string[] };

/** A server of Node closes a connection that was idle for 5 s. */
const IDLE_MS = 3000;

if (import.meta.main) {
  const [mode, seconds, much, what, target = "{}"] = process.argv.slice(2);
  goFirst();
  const job = what === "api" ? apiJob(JSON.parse(target)) : doublesJob(JSON.parse(target));
  const load = mode === "open" ? open : closed;
  await load(job, 1, Number(much));
  process.stdout.write(`${JSON.stringify(await load(job, Number(seconds), Number(much)))}\n`);
  process.exit(0);
}

type Job = (n: number) => Promise<boolean>;

async function open(job: Job, seconds: number, rate: number): Promise<LoadResult> {
  const times: number[] = [];
  const pending: Promise<void>[] = [];
  let errors = 0;
  const start = performance.now() + 50;
  for (let n = 0; n < seconds * rate; n++) {
    const due = start + (n * 1000) / rate;
    await until(due);
    const one = job(n).then((ok) => {
      times.push(performance.now() - due);
      if (!ok) errors++;
    });
    pending.push(one);
  }
  await Promise.all(pending);
  return resultOf(times, errors, performance.now() - start);
}

async function closed(job: Job, seconds: number, atOnce: number): Promise<LoadResult> {
  const times: number[] = [];
  let errors = 0;
  const start = performance.now();
  const one = async (index: number) => {
    for (let n = index; performance.now() - start < seconds * 1000; n += atOnce) {
      const before = performance.now();
      if (!(await job(n))) errors++;
      times.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, (_, index) => one(index)));
  return resultOf(times, errors, performance.now() - start);
}

function resultOf(times: number[], errors: number, tookMs: number): LoadResult {
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor((times.length - 1) * share)] ?? 0;
  const jobs = times.length;
  return { p50: at(0.5), p99: at(0.99), max: at(1), jobs, jobsPerSecond: (jobs * 1000) / tookMs, errors };
}

/** Sends on the connection that was used last, if it is free, or on a new one. */
function connections(port: number): (request: Buffer) => Promise<boolean> {
  const idle: { connection: Client; sinceMs: number }[] = [];
  return async (request) => {
    const last = idle.pop();
    const fresh = last && performance.now() - last.sinceMs < IDLE_MS;
    const connection = fresh ? last.connection : await client(port);
    const ok = await connection.send(request);
    idle.push({ connection, sinceMs: performance.now() });
    return ok;
  };
}

function apiJob({ port, key, uploads }: ApiTarget): Job {
  const send = connections(port);
  return (n) => {
    const params = { preset: "blink" };
    const body = JSON.stringify({
      kind: "animate",
      inputs: { image: { upload: uploads[n % uploads.length] } },
      params,
    });
    const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
    return send(requestOf("POST", "/v1/jobs", { Host: `127.0.0.1:${port}`, ...headers }, body));
  };
}

function doublesJob({ s3, sqs, url, owner, uploads }: DoublesTarget): Job {
  const ask = { s3: connections(s3), sqs: connections(sqs) };
  const signed = (method: string, key: string, more: Record<string, string>, body = "", query = "") => {
    const path = `/smileloop${key === "" ? "" : `/${key}`}`;
    const length = method === "PUT" ? { "content-length": String(Buffer.byteLength(body)) } : {};
    const headers = { host: `127.0.0.1:${s3}`, ...length, ...more };
    const request = { method, path, query, headers, body };
    const url = query === "" ? path : `${path}?${query}`;
    return ask.s3(requestOf(method, url, signedHeaders(request, { ...ADMIN, region: "us-east-1" }, Date.now()), body));
  };
  return async (n) => {
    const id = newId(Date.now());
    const source = uploadKey(owner, uploads[n % uploads.length]!);
    const record = JSON.stringify({ id, filled: "x".repeat(1000) });
    const newest = `delimiter=%2F&list-type=2&max-keys=10&prefix=${encodeURIComponent(ownerPrefix(owner))}`;
    const json = { "content-type": "application/json" };
    const oks = [
      await signed("GET", source, { range: "bytes=0-32767" }),
      await signed("GET", "", {}, "", newest),
      await signed("PUT", timerKey({ atMs: Date.now() + 300_000, owner, id }), json),
      await signed("PUT", inputKey(owner, id, "image"), {
        "x-amz-copy-source": `smileloop/${source}`,
        "if-none-match": "*",
      }),
      await signed("PUT", `${jobPrefix(owner, id)}job.json`, { ...json, "if-none-match": "*" }, record),
      await ask.sqs(sendRequest(sqs, url, { owner, id })),
    ];
    return oks.every((ok) => ok);
  };
}

function sendRequest(port: number, QueueUrl: string, { owner, id }: { owner: string; id: string }): Buffer {
  const body = JSON.stringify({ QueueUrl, MessageBody: JSON.stringify({ owner, id }), MessageGroupId: owner });
  const headers = {
    ...{ Host: `127.0.0.1:${port}`, "X-Amz-Target": "AmazonSQS.SendMessage" },
    "Content-Type": "application/x-amz-json-1.0",
  };
  return requestOf("POST", "/", headers, body);
}

function requestOf(method: string, path: string, headers: Record<string, string>, body: string): Buffer {
  const given = Object.keys(headers).some((name) => name.toLowerCase() === "content-length");
  const length = method === "GET" || given ? {} : { "Content-Length": String(Buffer.byteLength(body)) };
  const lines = Object.entries({ ...headers, ...length }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
}
