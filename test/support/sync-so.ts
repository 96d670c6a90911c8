/** Clients of the API that is Sync.so's. */
import type { ApiConfig } from "@smileloop/api/deps.ts";
import { afterEach, beforeEach } from "vitest";

import { lipsyncApi } from "./lipsync.ts";
import { multipart, type Part } from "./multipart.ts";

export const video = { type: "video", url: "https://example.com/video.mp4" };
export const audio = { type: "audio", url: "https://example.com/audio.wav" };
export const text = { type: "text", provider: { name: "elevenlabs", voiceId: "rms", script: "Good morning!" } };
export const ASKED = { model: "lipsync-2", input: [video, audio] };
export const MP4 = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from("ftypisom"), Buffer.alloc(400)]);

export type Body = Record<string, never> & { id: string; message?: string | string[] };
export type Sent = { method?: string; body?: unknown; key?: string; headers?: Record<string, string> };

/** A new API for each test of a file, and requests to it. */
export function syncSo() {
  const here = { api: lipsyncApi(), start };
  async function start(config: Partial<ApiConfig> = {}): Promise<void> {
    await here.api.close();
    here.api = lipsyncApi(config);
    await here.api.listen();
  }
  beforeEach(() => start());
  afterEach(() => here.api.close());

  async function call(path: string, { method, body, key = "sk-any", headers = {} }: Sent = {}) {
    const json = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const all = { "x-api-key": key, "Content-Type": "application/json", ...headers };
    const reply = await fetch(`${here.api.url}${path}`, {
      ...(method === undefined ? {} : { method }),
      ...json,
      headers: all,
    });
    return { status: reply.status, body: (await reply.json()) as Body, headers: reply.headers };
  }
  const create = (body: unknown, more: Sent = {}) => call("/v2/generate", { body, ...more });
  async function sendForm(parts: Part[]) {
    const { type, body } = multipart(parts);
    const init = { method: "POST", headers: { "x-api-key": "sk-any", "Content-Type": type }, body: Buffer.from(body) };
    const reply = await fetch(`${here.api.url}/v2/generate`, init);
    return { status: reply.status, body: (await reply.json()) as Body };
  }
  return Object.assign(here, { call, create, sendForm });
}

export const local = ({ id }: { id: string }) => ({ owner: "local", id });
