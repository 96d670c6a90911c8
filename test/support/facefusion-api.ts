/** An API that does as FaceFusion's, and requests to it. */
import type { ApiConfig, ApiDeps } from "@smileloop/api/deps.ts";
import { afterEach, beforeEach, expect } from "vitest";
import { jpegBytes } from "./api.ts";
import { drawing } from "./facefusion-clients.ts";
import { lipsyncApi } from "./lipsync.ts";

export type Result = { job_id: string; status: string; output_path: string; error: null; warnings?: object[] };
export const image = { target: jpegBytes(), source: jpegBytes() };
export const request = (asked: object) => ({ request: JSON.stringify(asked) });

export const nameOf = ({ output_path }: Result) => output_path.split("/").pop()!;
export const outcome = async (asked: Promise<Response>) => {
  const reply = await asked;
  const { detail } = (await reply.json()) as { detail: string | { loc: string[]; msg: string }[] };
  const told =
    typeof detail === "string" ? detail : detail.map(({ loc, msg }) => `${loc.join(".")}: ${msg}`).join("; ");
  return [reply.status, told];
};

/** A new API for each test of a file. */
export function facefusionApi() {
  const here = { api: lipsyncApi(), start, draws };
  let stop: (() => Promise<void>) | null = null;
  async function start(config: Partial<ApiConfig> = {}, deps: Partial<ApiDeps> = {}): Promise<void> {
    await here.api.close();
    here.api = lipsyncApi(config, deps);
    await here.api.listen();
  }
  /** From now on a worker does so with every job, until the test ends. */
  async function draws(...work: Parameters<typeof drawing> extends [unknown, ...infer Rest] ? Rest : never) {
    await stop?.();
    stop = drawing(here.api, ...work);
  }
  beforeEach(() => start());
  afterEach(async () => {
    await stop?.();
    stop = null;
    await here.api.close();
  });

  const get = (path: string, init: RequestInit = {}) => fetch(`${here.api.url}${path}`, init);
  const resultOf = async (reply: Promise<Response>) => (await (await reply).json()) as Result;

  const recordOf = async ({ job_id }: Result) => (await here.api.deps.records.get("local", job_id.slice(-32)))!.record;
  /** Of a test that makes only one. */
  const only = async () => (await here.api.deps.records.list("local", { limit: 1 })).records[0];
  const nothingLeft = async () => {
    expect(await here.api.stored()).toEqual([]);
    expect(
      (await here.api.deps.records.list("local", { limit: 5 })).records.filter((one) => one.state !== "deleted"),
    ).toEqual([]);
  };
  return Object.assign(here, { get, resultOf, recordOf, only, nothingLeft });
}
