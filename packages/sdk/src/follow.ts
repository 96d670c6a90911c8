/** Follows a job to its end: by server-sent events, and where these do not come through, by asking again. */
import { SmileloopError } from "./errors.ts";
import type { Http } from "./http.ts";
import type { Job, Progress } from "./types.ts";

export type FollowOptions = {
  signal?: AbortSignal | undefined;
  /** Every change: the job as it is then. */
  onChange?: ((job: Job) => void) | undefined;
};

/** How long a request waits for a change when events do not come through, s; the least time between two, ms. */
const WAIT_SECONDS = 10;
const LEAST_MS = 1000;
/** Events or comments that stay away for so long mean a dead connection: the server sends one every 15 s. */
const SILENCE_MS = 40_000;
/** Losses of the server in a row, after which it is given up. */
const MOST_LOSSES = 60;

const ENDED: readonly string[] = ["succeeded", "failed", "canceled", "expired"];

export function hasEnded({ status }: Job): boolean {
  return ENDED.includes(status);
}

/** The job when it has ended, however it has. Goes on through lost connections for about ten minutes; throws `SmileloopError`. */
export async function follow(http: Http, id: string, { signal, onChange }: FollowOptions): Promise<Job> {
  let now: Job | null = null;
  const changed = (job: Job) => {
    now = job;
    onChange?.(job);
  };
  let [byEvents, losses] = [true, 0];
  for (;;) {
    signal?.throwIfAborted();
    const startedMs = Date.now();
    try {
      if (byEvents) byEvents = await readEvents(http, id, { signal, changed, now: () => now });
      else changed(await http.json<Job>(`/v1/jobs/${id}`, { headers: { Prefer: `wait=${WAIT_SECONDS}` }, signal }));
      losses = 0;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof SmileloopError && (!error.retryable || ++losses > MOST_LOSSES)) throw error;
      if (!(error instanceof SmileloopError)) byEvents = false;
      await http.pause(Math.min(losses, 5), signal);
    }
    if (now && hasEnded(now)) return now;
    const tooEarlyMs = startedMs + LEAST_MS - Date.now();
    if (tooEarlyMs > 0) await http.pause(0, signal);
  }
}

type Reading = { signal?: AbortSignal | undefined; changed: (job: Job) => void; now: () => Job | null };

/** Whether events are worth another try: they came, one by one, or the stream ended as it should. */
async function readEvents(http: Http, id: string, { signal, changed, now }: Reading): Promise<boolean> {
  const own = new AbortController();
  const stop = () => own.abort(signal!.reason);
  signal?.addEventListener("abort", stop, { once: true });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => own.abort(new Error("The events stopped.")), SILENCE_MS);
  };
  try {
    alive();
    const reply = await http.send(`/v1/jobs/${id}/events`, {
      headers: { Accept: "text/event-stream" },
      signal: own.signal,
    });
    if (reply.status === 204) return false;
    // React Native has no streams
    if (!reply.body?.getReader) return false;
    for await (const { event, data } of eventsOf(reply.body, alive)) {
      const job = now();
      if (event === "progress" && job) changed({ ...job, progress: JSON.parse(data) as Progress });
      else if (event !== "progress") changed(JSON.parse(data) as Job);
    }
    const job = now();
    return job !== null && hasEnded(job);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

type ServerEvent = { event: string; data: string };

/** Server-sent events (HTML standard, 9.2.6), as far as this API has them. `alive` is told of every chunk. */
async function* eventsOf(body: ReadableStream<Uint8Array>, alive: () => void): AsyncGenerator<ServerEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      alive();
      text += decoder.decode(value, { stream: true });
      const blocks = text.split(/\r?\n\r?\n/);
      text = blocks.pop()!;
      for (const block of blocks) {
        const lines = block.split(/\r?\n/);
        const field = (name: string) =>
          lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trimStart());
        const data = field("data").join("\n");
        if (data) yield { event: field("event")[0] ?? "message", data };
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
