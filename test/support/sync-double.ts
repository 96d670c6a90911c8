/** Sync.so's API as its documentation has it, on loopback. It counts what it would charge, and misbehaves as a test says. */

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { newId } from "@smileloop/core/job/ids.ts";

type Generation = {
  id: string;
  key: string;
  model: string;
  options: Record<string, unknown>;
  outputFileName: string;
  video: Buffer;
  audio: Buffer;
  status: string;
  error?: string;
};

/** What becomes of the next request that is to create something, or that asks; each is used once. */
type Trouble =
  | { status: number; headers?: Record<string, string>; body?: object }
  /** It does what it is asked and closes the connection without a reply. */
  | "no_reply"
  /** It does what it is asked, and replies never. */
  | "silence";

export type SyncDouble = {
  url: string;
  port: number;
  /** Those that were begun, and so are charged. */
  charged: Generation[];
  /** Requests so far, `METHOD path`, and the keys that came with them. */
  asked: { request: string; key: string | undefined }[];
  creating: Trouble[];
  looking: Trouble[];
  /** Whether it knows Idempotency-Key. */
  knowsKeys: boolean;
  /** Lets all that are under way end so. */
  end(status: string, error?: string): void;
  /** What is downloaded of those that are completed; by default, the video that came. */
  result: ((generation: Generation) => Buffer) | null;
  close(): Promise<void>;
};

export async function syncDouble({ apiKeys = ["sk-caller"] }: { apiKeys?: string[] } = {}): Promise<SyncDouble> {
  const byKey = new Map<string, { digest: string; generation: Generation }>();
  const double: SyncDouble = {
    ...{ url: "", port: 0, charged: [], asked: [], creating: [], looking: [], knowsKeys: true, result: null },
    end(status, error) {
      for (const each of double.charged.filter((one) => ["PENDING", "PROCESSING"].includes(one.status))) {
        each.status = status;
        if (error !== undefined) each.error = error;
      }
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  const create = async (request: IncomingMessage): Promise<Reply> => {
    const form = await formOf(request);
    const [video, audio] = [await bytesOf(form.get("video")), await bytesOf(form.get("audio"))];
    const text = (name: string) => String(form.get(name) ?? "");
    const [model, options, outputFileName] = [text("model"), text("options"), text("outputFileName")];
    const key = double.knowsKeys ? request.headers["idempotency-key"]?.toString() : undefined;
    const digest = createHash("sha256")
      .update(video)
      .update(audio)
      .update([model, options, outputFileName].join())
      .digest("hex");
    const known = key === undefined ? undefined : byKey.get(key);
    if (known && known.digest !== digest)
      return fault(409, "The key came with other inputs.", "IDEMPOTENCY_KEY_REUSED");
    if (known) return { status: 200, body: viewOf(known.generation), headers: { "Idempotency-Replayed": "true" } };
    const who = request.headers["x-api-key"]!.toString();
    const generation = { id: newId(Date.now()), key: who, model, outputFileName, video, audio, status: "PENDING" };
    const made = { ...generation, options: JSON.parse(options) as Record<string, unknown> };
    double.charged.push(made);
    if (key !== undefined) byKey.set(key, { digest, generation: made });
    return { status: 201, body: viewOf(made) };
  };

  const viewOf = ({ id, model, options, outputFileName, status, error }: Generation) => ({
    ...{ id, createdAt: new Date(0).toISOString(), input: [], model, options, outputFileName, status },
    ...(status === "COMPLETED" ? { outputUrl: `${double.url}/results/${id}.mp4` } : {}),
    ...(error === undefined ? {} : { error }),
  });

  const answer = async (request: IncomingMessage, reply: ServerResponse): Promise<void> => {
    const { method, url = "" } = request;
    const key = request.headers["x-api-key"]?.toString();
    double.asked.push({ request: `${method} ${url}`, key });
    const result = /^\/results\/(\w+)\.mp4$/.exec(url)?.[1];
    if (result !== undefined) {
      const found = double.charged.find(({ id }) => id === result);
      reply.writeHead(found ? 200 : 404).end(found && (double.result?.(found) ?? found.video));
      return;
    }
    if (key === undefined || !apiKeys.includes(key))
      return send(reply, fault(401, `Invalid API key ${key}`, "unauthorized"));
    const troubles = method === "POST" ? double.creating : double.looking;
    const trouble = troubles.shift();
    if (typeof trouble === "object") {
      // a reply before the end of what is sent might not be read
      for await (const _ of request);
      return send(reply, trouble);
    }
    const made = await handle(request, method, url);
    if (trouble === "no_reply") request.socket.destroy();
    else if (trouble === undefined) send(reply, made);
  };

  const handle = async (request: IncomingMessage, method: string | undefined, url: string): Promise<Reply> => {
    if (method === "POST" && url === "/v2/generate") return create(request);
    if (url === "/v2/generations") return { status: 200, body: double.charged.map(viewOf) };
    const found = double.charged.find(({ id }) => url === `/v2/generate/${id}`);
    return found ? { status: 200, body: viewOf(found) } : fault(404, "Generation not found");
  };

  const server = createServer((request, reply) => {
    request.on("error", () => {});
    reply.on("error", () => {});
    void answer(request, reply).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  double.port = (server.address() as AddressInfo).port;
  double.url = `http://127.0.0.1:${double.port}`;
  return double;
}

type Reply = { status: number; body?: object; headers?: Record<string, string> };

function send(reply: ServerResponse, { status, body = {}, headers = {} }: Reply): void {
  reply.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(body));
}

function fault(statusCode: number, message: string, errorCode?: string): Reply {
  return { status: statusCode, body: { statusCode, message, ...(errorCode === undefined ? {} : { errorCode }) } };
}

async function formOf(request: IncomingMessage): Promise<FormData> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const headers = { "Content-Type": request.headers["content-type"] ?? "" };
  return new Response(new Uint8Array(Buffer.concat(chunks)), { headers }).formData();
}

async function bytesOf(part: string | File | null): Promise<Buffer> {
  return part instanceof File ? Buffer.from(await part.arrayBuffer()) : Buffer.alloc(0);
}
