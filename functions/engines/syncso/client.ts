/**
 * A client of Sync.so's API (https://sync.so/docs/api-reference), as far as jobs need it. Each try of a job is sent with the same
 * Idempotency-Key, which the API promises to do once ("Idempotent generation requests"); for servers that do not know the header a
 * generation is also found by the name that its result is to have.
 */

import { ServiceBusy, ServiceLost } from "@smileloop/core/engine/service-errors.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { errno } from "@smileloop/core/storage/durable-files.ts";
import { clip } from "@smileloop/core/text.ts";
import type { Seen } from "@smileloop/worker/service/service.ts";
import { z } from "zod";
import { exchange, type Form } from "./transport.ts";

export type Generation = { model: string; options: object; video: Blob; audio: Blob; name: string };
type Asking = { key: string; signal: AbortSignal };

const ANSWER_MS = 30_000;
/** An upload gets this long, and a second for each so many bytes. */
const [UPLOAD_MS, UPLOAD_BYTES] = [2 * 60_000, 100_000];
const REASON_CHARS = 300;

/** What is read of its replies; names of newer and of older versions. */
const generationSchema = z.object({
  id: z.string().min(1).max(200),
  status: z.string().optional(),
  outputUrl: z.string().nullish(),
  outputFileName: z.string().nullish(),
  error: z.string().nullish(),
  errorCode: z.string().nullish(),
  error_code: z.string().nullish(),
});
const faultSchema = z.object({
  message: z.union([z.string(), z.array(z.string())]).optional(),
  error: z.unknown().optional(),
  errorCode: z.string().optional(),
  code: z.string().optional(),
  generationId: z.string().optional(),
});

type Upload = { form?: Form; headers?: Record<string, string> };
type Reply = { status: number; value: unknown; againMs: number | null };

export function createClient(base: string) {
  const ask = async (path: string, { key, signal }: Asking, ms: number, more: Upload = {}): Promise<Reply> => {
    const { headers, form } = more;
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(ms))]);
    const url = new URL(`${base.replace(/\/+$/, "")}/v2${path}`);
    try {
      const { status, text, ...reply } = await exchange(url, {
        method: form ? "POST" : "GET",
        headers: { accept: "application/json", "user-agent": "SmileLoop", ...headers, "x-api-key": key },
        ...(form && { form }),
        signal: inTime,
      });
      return { status, value: jsonOf(text), againMs: againMsOf(reply.headers["retry-after"] ?? null) };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const unsent = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"].includes(errno(error) ?? "");
      throw new (unsent ? ServiceBusy : ServiceLost)("Sync.so does not answer.", null, error);
    }
  };

  return {
    /** Answers the id. */
    async create(
      { model, options, video, audio, name }: Generation,
      idempotencyKey: string,
      asking: Asking,
    ): Promise<string> {
      const form = {
        ...{ video: { file: video, name: "video" }, audio: { file: audio, name: "audio.wav" } },
        ...{ model, options: JSON.stringify(options), outputFileName: name },
      };
      const ms = UPLOAD_MS + (1000 * (video.size + audio.size)) / UPLOAD_BYTES;
      const reply = await ask("/generate", asking, ms, { form, headers: { "Idempotency-Key": idempotencyKey } });
      if (isGood(reply)) return generationOf(reply).id;
      const fault = faultSchema.safeParse(reply.value).data ?? {};
      if (fault.generationId !== undefined) return fault.generationId;
      const code = String(fault.errorCode ?? fault.code ?? "");
      // the first try is still under way, or the API does not know itself what became of it
      if (/^IDEMPOTENCY_.*(PROGRESS|UNKNOWN)/.test(code)) throw new ServiceLost(code, reply.againMs);
      if (/^IDEMPOTENCY_/.test(code)) {
        const there = await this.find(name, asking);
        if (there !== null) return there;
      }
      throw refusal(reply, asking);
    },

    async find(name: string, asking: Asking): Promise<string | null> {
      const reply = await ask("/generations", asking, ANSWER_MS);
      if (!isGood(reply)) throw refusal(reply, asking);
      const list = z.array(z.unknown()).safeParse(reply.value).data ?? [];
      const found = list
        .map((item) => generationSchema.safeParse(item).data)
        .find((each) => each?.outputFileName?.replace(/\.mp4$/, "") === name);
      return found?.id ?? null;
    },

    async look(id: string, asking: Asking): Promise<Seen> {
      const reply = await ask(`/generate/${encodeURIComponent(id)}`, asking, ANSWER_MS);
      if (!isGood(reply)) throw refusal(reply, asking);
      const { status, outputUrl, error, errorCode, error_code } = generationOf(reply);
      if (status === "COMPLETED" && outputUrl) return { state: "done", url: outputUrl };
      const ended = ENDED[status ?? ""];
      if (ended === undefined) return { state: "working", percent: null };
      const why = [error, errorCode ?? error_code].filter((text) => text).join(", ");
      return { state: "failed", reason: sentence(why === "" ? ended : `${ended}: ${why}`, asking) };
    },
  };
}

/** States in which there will be no result, in words. */
const ENDED: Readonly<Record<string, string>> = {
  FAILED: "the generation failed",
  REJECTED: "the generation was rejected",
  CANCELED: "the generation was canceled",
  CANCELLED: "the generation was canceled",
};

function isGood({ status }: Reply): boolean {
  return status >= 200 && status < 300;
}

function generationOf({ value }: Reply): z.infer<typeof generationSchema> {
  const parsed = generationSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ServiceLost("Sync.so's reply is not a generation.", null, parsed.error);
}

/** What is thrown for a reply that is not good. */
function refusal({ status, value, againMs }: Reply, asking: Asking): Error {
  if (status === 429) return new ServiceBusy("Sync.so has no room now.", againMs);
  if (status === 408 || status >= 500) return new ServiceLost(`Sync.so answers ${status}.`, againMs);
  const { message, error, errorCode, code } = faultSchema.safeParse(value).data ?? {};
  const why = [message ?? (typeof error === "string" ? error : undefined), errorCode ?? code].flat().filter(Boolean);
  return new AppError("service_failed", sentence(why.length > 0 ? why.join(", ") : `it answers ${status}`, asking));
}

/** Whatever it says, the key is not repeated. */
function sentence(why: string, { key }: Pick<Asking, "key">): string {
  const plain = why.replaceAll(key, "…").replaceAll(/\p{Cc}+/gu, " ");
  return `Sync.so API error: ${clip(plain, REASON_CHARS)}`;
}

/** Seconds, or a moment (RFC 9110, 10.2.3). */
function againMsOf(header: string | null): number | null {
  if (header === null) return null;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
