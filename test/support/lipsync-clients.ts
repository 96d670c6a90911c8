/** Clients of the lip sync API. */
import type { ApiConfig, ApiDeps } from "@smileloop/api/deps.ts";
import { afterEach, beforeEach } from "vitest";
import { lipsyncApi, loggedIn } from "./lipsync.ts";

export const BASE = "/api/v1/lipsync";
export const ASKED = {
  video_url: "https://example.com/video.mp4",
  audio_url: "https://example.com/audio.wav",
  api_key: "sk-your_sync_api_key_here",
};

/** A new API for each test of a file, somebody who has logged in, and requests to it. */
export function lipsyncClients() {
  const here = { api: lipsyncApi(), headers: {} as Record<string, string>, start };
  async function start(config: Partial<ApiConfig> = {}, deps: Partial<ApiDeps> = {}): Promise<void> {
    await here.api.close();
    here.api = lipsyncApi(config, deps);
    await here.api.listen();
    here.headers = await loggedIn(here.api);
  }
  beforeEach(() => start());
  afterEach(() => here.api.close());

  const post = (path: string, init: RequestInit = {}, by = here.headers) =>
    fetch(`${here.api.url}${BASE}${path}`, { method: "POST", ...init, headers: { ...by, ...init.headers } });
  const json = (value: object, path = "/create", by = here.headers) =>
    post(path, { body: JSON.stringify(value), headers: { "Content-Type": "application/json" } }, by);
  const get = async (path: string, by = here.headers) => {
    const reply = await fetch(`${here.api.url}${BASE}${path}`, { headers: by });
    return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
  };
  const created = async (reply: Promise<Response>) => {
    const body = (await (await reply).json()) as { job_id: string };
    return { owner: "alice", id: body.job_id };
  };
  const outcome = async (reply: Promise<Response>) => [(await reply).status, await (await reply).json()];
  return Object.assign(here, { post, json, get, created, outcome });
}
