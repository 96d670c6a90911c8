/** What the functions on Lambda share. */
import { type Env, EnvError } from "@smileloop/core/env.ts";
import { type Deps, type Lists, openDeps } from "./deps.ts";

/** Throws EnvError, naming the variable, where something is missing. */
export async function openCloudDeps(env: Env, lists: Lists = {}): Promise<Deps> {
  if (env.BUCKET === undefined) throw new EnvError("BUCKET: the bucket for records and files is missing");
  if (env.QUEUES.size === 0) throw new EnvError("QUEUES: `name=url` of at least one queue is missing");
  return openDeps(env, { ...lists, syncLog: true });
}
