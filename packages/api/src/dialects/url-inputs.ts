/**
 * The two inputs of a job by their URLs. Nothing is fetched here; but whatever an address tells, also which machine its name stands for, is
 * told at once.
 */
import { takingTurns } from "@smileloop/core/concurrent.ts";
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import { addressesOf, systemLookup } from "@smileloop/core/fetch/resolve.ts";
import { checkedTarget, isAllowed } from "@smileloop/core/fetch/target.ts";
import type { ApiDeps } from "../deps.ts";
import { pathUnder } from "../intake/own-url.ts";
import type { InputSource } from "../submit.ts";
import { AUDIO_OUTPUT, jobOfAudioPath } from "./audio-path.ts";

/** Names are resolved in threads that files are read with. */
const inTurn = takingTurns(2);
/** After that the job finds out. */
const LOOKUP_MS = 2000;

/**
 * `text`: a URL, or a path on this server. `base`: what links of this server start with. Throws `fetch_refused`; what else is wrong with
 * files of this server is found by `submit`.
 */
export async function sourceOfUrl(deps: ApiDeps, text: string, base: string): Promise<InputSource> {
  const whole = text.startsWith("/") && !text.startsWith("//") ? base + text : text;
  const parsed = URL.parse(whole);
  const path = parsed && pathUnder(parsed, new URL(base));
  const job = path === null ? null : jobOfAudioPath(path);
  if (job !== null) return { url: `${base}/v1/jobs/${job}/outputs/${AUDIO_OUTPUT}`, base };
  if (path === null) await checkName(deps, checkedTarget(whole, deps.config.fetch));
  return { url: whole, base };
}

/** Throws `fetch_refused` for a name all of whose addresses are private. One that cannot be resolved now is the job's to try. */
async function checkName(deps: ApiDeps, url: URL): Promise<void> {
  const { fetch: policy } = deps.config;
  if (isAllowed(url, policy)) return;
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), LOOKUP_MS);
  const look = inTurn(() => addressesOf(url, policy, deps.lookup ?? systemLookup)).catch((error: unknown) => {
    if (hasCode(error, "fetch_refused")) throw error;
    return null;
  });
  // when nobody waits for it any more, its error is nobody's
  look.catch(() => {});
  await Promise.race([look, late.promise]).finally(() => clearTimeout(timer));
}

/** As records keep a URL: without what may be secret in it. */
export function keptUrl(text: string): string {
  return text.replace(/[?#].*$/s, "").slice(0, 500);
}

/** Whether the error is about one of the inputs that a client named. */
export function isOfInput(error: unknown): error is AppError {
  if (!(error instanceof AppError) || error.status >= 500) return false;
  if (error.code === "fetch_refused") return true;
  return error.errors?.some(({ loc }) => loc[1] === "inputs") === true;
}
