/**
 * The notice that a Spot machine is taken away in two minutes, as the machine's metadata service says it (IMDSv2: a token by
 * PUT, then `spot/instance-action`, which is 404 until there is one). The recommendation to rebalance is not asked for: it may
 * come hours before, or for nothing.
 */
import { type Clock, systemClock } from "@smileloop/core/clock.ts";

/** `action`: terminate, stop or hibernate. `time`: when, ISO 8601. */
export type SpotNotice = { action: string; time: string };

const EVERY_MS = 5000;
const REPLY_MS = 1000;
const TOKEN_S = 6 * 60 * 60;
/** On a machine that has no such service. */
const GIVE_UP_AFTER = 3;

/** Resolves with the notice; with null when the signal was aborted, `url` is null, or nobody answers there from the start. */
export async function watchSpotNotice(options: {
  url: string | null;
  signal: AbortSignal;
  clock?: Clock | undefined;
}): Promise<SpotNotice | null> {
  const { url, signal, clock = systemClock } = options;
  let token: string | null = null;
  let silent = 0;
  while (url !== null && !signal.aborted) {
    try {
      token ??= await newToken(url, signal);
      const reply = await ask(`${url}/latest/meta-data/spot/instance-action`, signal, {
        headers: { "X-aws-ec2-metadata-token": token },
      });
      if (reply.status === 200) return JSON.parse(reply.text) as SpotNotice;
      if (reply.status === 401) token = null;
      silent = Number.NEGATIVE_INFINITY;
    } catch {
      if (++silent === GIVE_UP_AFTER) return null;
    }
    await clock.sleep(EVERY_MS, signal);
  }
  return null;
}

async function newToken(url: string, signal: AbortSignal): Promise<string> {
  const headers = { "X-aws-ec2-metadata-token-ttl-seconds": String(TOKEN_S) };
  const { status, text } = await ask(`${url}/latest/api/token`, signal, { method: "PUT", headers });
  if (status !== 200) throw new Error(`The metadata service answers ${status}.`);
  return text;
}

async function ask(url: string, signal: AbortSignal, init: RequestInit): Promise<{ status: number; text: string }> {
  const reply = await fetch(url, { ...init, signal: AbortSignal.any([signal, AbortSignal.timeout(REPLY_MS)]) });
  return { status: reply.status, text: await reply.text() };
}
