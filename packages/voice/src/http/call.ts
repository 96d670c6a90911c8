/** One request to a voice that speaks elsewhere, within limits of time and size. Errors never have the key or what was sent in them. */
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { AppError } from "@smileloop/core/errors.ts";
import { clip } from "@smileloop/core/text.ts";

export type CallLimits = {
  /** Until the connection is there, ms. */
  connectMs: number;
  /** For all of it, ms. */
  totalMs: number;
  bytes: number;
};

export const CALL_LIMITS: CallLimits = { connectMs: 10_000, totalMs: 60_000, bytes: 20 * 1024 * 1024 };

type Call = {
  /** What errors call the voice. */
  name: string;
  url: URL;
  headers: Record<string, string>;
  body: unknown;
  /** Media types that are taken. */
  accept: RegExp;
  limits: CallLimits;
  signal: AbortSignal;
  /** The error of a status with which the same call would fail again; null for others. */
  refusal?: ((status: number) => AppError | null) | undefined;
};

export type CallReply = { type: string; bytes: Buffer };

const ERROR_BYTES = 4096;

/** Throws `voice_unavailable`, which is tried again later; what `refusal` says; `signal.reason`. Redirects are not followed: they could lead anywhere. */
export async function callVoice({
  name,
  url,
  headers,
  body,
  accept,
  limits,
  signal,
  refusal,
}: Call): Promise<CallReply> {
  const stop = AbortSignal.any([signal, AbortSignal.timeout(limits.totalMs)]);
  try {
    const reply = await send(url, headers, JSON.stringify(body), limits.connectMs, stop);
    const status = reply.statusCode ?? 0;
    const type = (reply.headers["content-type"] ?? "").toLowerCase();
    const refused = refusal?.(status);
    if (refused) {
      reply.destroy();
      throw refused;
    }
    if (status !== 200) throw unavailable(name, await whyRefused(reply, status, stop));
    if (!accept.test(type)) {
      reply.destroy();
      throw unavailable(
        name,
        `it answered with ${type === "" ? "no type" : `the type ${clip(type, 60)}`} instead of sound`,
      );
    }
    const bytes = await readAll(reply, limits.bytes, name);
    if (bytes.length === 0) throw unavailable(name, "its answer was empty");
    return { type, bytes };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AppError) throw error;
    if (stop.aborted) throw unavailable(name, `it took more than ${limits.totalMs / 1000} s`);
    // what libraries say may have the address in it, with a password
    const { code } = error as NodeJS.ErrnoException;
    throw unavailable(name, `the connection failed${code === undefined ? "" : ` (${code})`}`);
  }
}

function send(
  url: URL,
  headers: Record<string, string>,
  body: string,
  connectMs: number,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((done, failed) => {
    const length = { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) };
    const call = request(url, { method: "POST", headers: { ...length, ...headers }, signal, agent: false });
    const timer = setTimeout(
      () => call.destroy(Object.assign(new Error("no connection"), { code: "ETIMEDOUT" })),
      connectMs,
    );
    const connected = () => clearTimeout(timer);
    call.on("socket", (socket) => socket.once(url.protocol === "https:" ? "secureConnect" : "connect", connected));
    call.on("close", connected);
    call.on("response", done);
    call.on("error", failed);
    call.end(body);
  });
}

async function whyRefused(reply: IncomingMessage, status: number, signal: AbortSignal): Promise<string> {
  if (status === 401 || status === 403) {
    reply.destroy();
    return `it refused the key that this installation has for it (${status})`;
  }
  if (status === 429) {
    reply.destroy();
    return "it has had too many requests, or its quota is used up (429)";
  }
  // read so that it is not left open; what it says may repeat what was sent
  let bytes = 0;
  for await (const chunk of reply) {
    bytes += (chunk as Buffer).length;
    if (bytes > ERROR_BYTES || signal.aborted) break;
  }
  return `it answered ${status}`;
}

async function readAll(reply: IncomingMessage, maxBytes: number, name: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of reply) {
    bytes += (chunk as Buffer).length;
    if (bytes > maxBytes) {
      reply.destroy();
      throw unavailable(name, `its answer has more than ${maxBytes / 1024 ** 2} MiB`);
    }
    chunks.push(chunk as Buffer);
  }
  const told = Number(reply.headers["content-length"] ?? bytes);
  if (!reply.complete || told !== bytes) throw unavailable(name, "its answer was cut off");
  return Buffer.concat(chunks);
}

export function unavailable(name: string, why: string): AppError {
  return new AppError("voice_unavailable", `The voice ${name} is not available: ${why}.`);
}
