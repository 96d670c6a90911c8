/** Files that the talking-avatar dialect takes, how its clients send them, and a worker for its jobs. */
import type { JobError, JobRecord } from "@smileloop/core/job/record.ts";
import { jpegBytes, type TestApi } from "./api.ts";
import { multipart } from "./multipart.ts";

export const VIDEO = new Uint8Array(Buffer.from("not a video, but bytes of one"));

/** The header of a WAV of this length (16 bits, mono), and as much sound as `bytes` leaves room for. */
export function wavBytes(seconds = 1, bytes = 44 + Math.round(seconds * 8000) * 2): Uint8Array {
  const data = Math.round(seconds * 8000) * 2;
  const file = Buffer.alloc(Math.max(44, bytes));
  file.write("RIFF");
  file.writeUInt32LE(36 + data, 4);
  file.write("WAVEfmt ", 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(8000, 24);
  file.writeUInt32LE(16_000, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write("data", 36);
  file.writeUInt32LE(data, 40);
  return new Uint8Array(file);
}

/** Frames of silence: MPEG-1 layer III, 128 kbit/s, 44.1 kHz. */
export function mp3Bytes(frames = 40): Uint8Array {
  const frame = Buffer.alloc(417);
  frame.set([0xff, 0xfb, 0x90, 0x64]);
  return new Uint8Array(Buffer.concat(Array.from({ length: frames }, () => frame)));
}

export const SOUNDS = { wav: wavBytes(), mp3: mp3Bytes() };

/** `path`: below the base URL of the dialect. */
export function send(api: TestApi, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${api.url}/api/v1${path}`, init);
}

/** Sends the part `file` with no type of its own. */
export function upload(
  api: TestApi,
  what: "image" | "audio",
  body: Uint8Array,
  { headers = {}, filename = "file" }: { headers?: Record<string, string>; filename?: string } = {},
): Promise<Response> {
  const form = multipart([{ name: "file", filename, body }]);
  const sent = { ...headers, "Content-Type": form.type };
  return send(api, `/upload/${what}`, { method: "POST", body: Buffer.from(form.body), headers: sent });
}

export type Names = { image_filename: string; audio_filename: string };

/** A picture and a sound that have arrived, by their names. */
export async function uploadBoth(api: TestApi, headers: Record<string, string> = {}): Promise<Names> {
  const nameOf = async (reply: Promise<Response>) => ((await (await reply).json()) as { filename: string }).filename;
  return {
    image_filename: await nameOf(upload(api, "image", jpegBytes(), { headers })),
    audio_filename: await nameOf(upload(api, "audio", SOUNDS.wav, { headers })),
  };
}

export function generate(
  api: TestApi,
  asked: object,
  {
    how = "",
    headers = {},
    signal,
  }: { how?: "" | "/async"; headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Response> {
  const init = { method: "POST", body: JSON.stringify(asked), ...(signal ? { signal } : {}) };
  return send(api, `/generate${how}`, { ...init, headers: { ...headers, "Content-Type": "application/json" } });
}

/** Status and `detail` of a reply. */
export async function outcome(asked: Promise<Response>): Promise<[number, unknown]> {
  const reply = await asked;
  return [reply.status, ((await reply.json()) as { detail: unknown }).detail];
}

type Job = Pick<JobRecord, "owner" | "id">;

/** Takes every job that comes: fails it with `error`, or ends it. The returned function stops it. */
export function work(api: TestApi, error: JobError | null = null): () => Promise<void> {
  const stop = new AbortController();
  const loop = async () => {
    while (!stop.signal.aborted) {
      const message = await next(api, stop.signal);
      if (!message) continue;
      for (let state = "queued"; state === "queued"; ) {
        const token = await api.worker.claim(message);
        if (error) await api.worker.fail(message, token, error);
        else await api.worker.succeed(message, token, VIDEO);
        state = (await api.deps.records.get(message.owner, message.id))?.record.state ?? "gone";
      }
      await message.ack();
    }
  };
  const running = loop();
  return () => {
    stop.abort();
    return running;
  };
}

/** The next job that has come to the queue. */
export async function next(api: TestApi, signal: AbortSignal = new AbortController().signal) {
  return api.deps.queue.receive("warp", { leaseMs: 60_000, waitMs: 60_000, signal });
}

export async function stateOf(api: TestApi, { owner, id }: Job): Promise<string | undefined> {
  return (await api.deps.records.get(owner, id))?.record.state;
}
