/**
 * The worker's side of the engine protocol (`core/engine/protocol.ts`): one engine process that stays warm and takes one
 * request at a time; further ones wait their turn. Nothing that the process does can harm this one: what it says is checked,
 * what it floods is thrown away, and when it crashes, hangs, or takes too much time or memory, it is killed with all that it
 * started, the request fails with a code, and another is started.
 *
 *     down ──start──▶ starting ──ready──▶ idle ◀──done, failed── busy
 *       ▲                │                 │ └────request────────▶ │
 *       └──────────exit, killed────────────┴───────────────────────┘
 *
 * It has its own working directory, because a warm process cannot change it from job to job; jobs' files go by
 * absolute path. Its environment is what its command names, and otherwise empty.
 */
import type { EngineRequest, Failed, Ready } from "@smileloop/core/engine/protocol.ts";
import { AppError, type ErrorCode } from "@smileloop/core/errors.ts";
import { newToken } from "@smileloop/core/job/ids.ts";
import type { Log } from "@smileloop/core/log.ts";
import { clip } from "@smileloop/core/text.ts";
import type { z } from "zod";
import {
  condemn,
  crashed,
  ENGINE_LIMITS,
  type EngineLimits,
  type EngineProcessOptions,
  type Live,
  launch,
  stray,
} from "./engine-life.ts";
import { treeRssBytes } from "./process-tree.ts";

/** Codes about jobs, servers and the storage. An engine that fails with one would have its job handed back, or worse. */
const NOT_OF_ENGINES = new Set<ErrorCode>([
  ...([
    "unavailable",
    "storage_unavailable",
    "worker_lost",
    "deadline_passed",
    "too_many_requests",
    "no_capacity",
  ] as const),
]);
const FAULT_CHARS = 300;

export type EngineProgress = { stage: string; done: number; total: number };
/** A request without its run id; the engine reads it by the schema of its task or service. */
type EngineMessage = Omit<EngineRequest, "run">;
export type RequestOptions = {
  /** Counted from when the process is given the request. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: EngineProgress) => void) | undefined;
  /** Told of each output that is finished before the request is. The name is what the engine says. */
  onOutput?: ((name: string) => void) | undefined;
};

/** `result`: schema of the result. */
type Expecting<Result> = RequestOptions & { result: z.ZodType<Result> };

export type EngineProcess = {
  /** What the process said of itself; starts one where there is none. Throws `engine_crashed` or `engine_timeout`. */
  ready(): Promise<Ready>;
  /**
   * Throws what the engine failed with, or `engine_crashed`, `engine_timeout`, `engine_out_of_memory`, `engine_failed` (an
   * answer that breaks the protocol), `canceled` (the signal), `unavailable` (stopped). After any of them the engine is at
   * rest or gone.
   */
  request<Result>(message: EngineMessage, options: Expecting<Result>): Promise<Result>;
  /** Whether a process is up and has said `ready`. */
  isUp(): boolean;
  /** 0 when there is none. */
  pid(): number;
  /** Asks it to exit, and kills it after `graceMs`. It can't be started again. */
  stop(options?: { graceMs?: number }): Promise<void>;
};

export function createEngineProcess(options: EngineProcessOptions): EngineProcess {
  const limits = { ...ENGINE_LIMITS, ...options.limits };
  const log = options.log.child({ engine: options.name });
  let live: Promise<Live> | null = null;
  let current: Live | null = null;
  let turn: Promise<unknown> = Promise.resolve();
  let stopped = false;

  const start = (): Promise<Live> => {
    if (stopped) return Promise.reject(new AppError("unavailable", "The engine was stopped."));
    if (live) return live;
    const launched = launch(options, limits, log, (started) => {
      current = started;
      void started.gone.then(() => {
        forget();
        current = null;
        // one that never served may be broken for good: it is tried again when it is asked for
        if (!stopped && started.served > 0) start().catch(() => {});
      });
    });
    const forget = () => {
      if (live === launched) live = null;
    };
    live = launched;
    launched.catch(forget);
    return launched;
  };
  /** One that is being killed is waited for. */
  const startSound = async (): Promise<Live> => {
    const found = await start();
    if (!found.condemned) return found;
    await found.gone;
    return start();
  };

  return {
    ready: async () => (await start()).ready!,
    request: (message, requestOptions) => {
      const answer = turn.then(async () => {
        if (requestOptions.signal?.aborted) throw canceled();
        return perform(await startSound(), message, requestOptions, limits, log);
      });
      turn = answer.catch(() => {});
      return answer;
    },
    isUp: () => current?.ready != null,
    pid: () => current?.child.pid ?? 0,
    async stop({ graceMs = 1000 } = {}) {
      stopped = true;
      const last = current;
      if (!last) return;
      last.condemned ??= new AppError("unavailable", "The engine was stopped.");
      last.child.endInput();
      const timer = setTimeout(last.child.kill, graceMs);
      await last.gone;
      clearTimeout(timer);
    },
  };
}

async function perform<Result>(
  live: Live,
  message: EngineMessage,
  { result, timeoutMs: estimatedMs, signal, onProgress, onOutput }: Expecting<Result>,
  limits: EngineLimits,
  log: Log,
): Promise<Result> {
  const { child } = live;
  const run = newToken();
  const timeoutMs = Math.max(estimatedMs, limits.requestMs);
  const answer = Promise.withResolvers<Result>();
  live.served++;
  live.strayLines = 0;
  child.clearStderr();
  live.onReply = (reply) => {
    // an unreadable request is answered without its id, and there is only this one
    const mine = reply.type !== "ready" && (reply.run === run || (reply.type === "failed" && reply.run === ""));
    if (!mine) return stray(live, `reply to another run: ${reply.type}`, log);
    if (reply.type === "progress") return onProgress?.({ stage: reply.stage, done: reply.done, total: reply.total });
    if (reply.type === "output") return onOutput?.(reply.name);
    if (reply.type === "failed") return answer.reject(failureOf(reply, signal));
    const parsed = result.safeParse(reply.result);
    if (parsed.success) return answer.resolve(parsed.data);
    log.error({ fault: faultOf(parsed.error) }, "engine result breaks the protocol");
    condemn(live, "engine_failed", "The engine gave an answer that could not be understood.");
  };
  const onGone = () => answer.reject(signal?.aborted ? canceled() : (live.condemned ?? crashed()));
  void live.gone.then(onGone);
  const tooLong = `The engine took longer than the ${Math.round(timeoutMs / 1000)} s it may; a shorter clip would help.`;
  const timers = [setTimeout(() => condemn(live, "engine_timeout", tooLong), timeoutMs)];
  const sampler = setInterval(() => void sample(live, limits), limits.sampleMs);
  const onAbort = () => {
    child.write(JSON.stringify({ type: "cancel", run }));
    timers.push(setTimeout(() => condemn(live, "canceled", "The job was canceled."), limits.cancelMs));
  };
  child.write(JSON.stringify({ ...message, run }));
  signal?.addEventListener("abort", onAbort);
  if (signal?.aborted) onAbort();
  try {
    const answered = await answer.promise;
    if (signal?.aborted) throw canceled();
    return answered;
  } finally {
    live.onReply = null;
    signal?.removeEventListener("abort", onAbort);
    for (const timer of timers) clearTimeout(timer);
    clearInterval(sampler);
    logStderr(live, log);
  }
}

async function sample(live: Live, limits: EngineLimits): Promise<void> {
  const bytes = await treeRssBytes(live.child.pid).catch(() => null);
  if (bytes === null || bytes <= limits.rssBytes) return;
  condemn(live, "engine_out_of_memory", "The engine needed more memory than it may use; a smaller size would help.");
}

/** Where a result breaks its schema first. There may be as many faults as the result has values. */
function faultOf({ issues }: z.ZodError): string {
  const [first] = issues;
  return first ? clip(`${first.path.join(".")}: ${first.message}`, FAULT_CHARS) : "";
}

function failureOf({ run, code, detail, input }: Failed, signal: AbortSignal | undefined): AppError {
  if (signal?.aborted) return canceled();
  if (run === "") return new AppError("engine_failed", "The engine could not read its request.");
  if (NOT_OF_ENGINES.has(code)) return new AppError("engine_failed", `The engine failed with ${code}.`);
  if (code === "canceled") return new AppError("engine_failed", "The engine gave up without being told to.");
  return new AppError(code, detail, { input });
}

function logStderr(live: Live, log: Log): void {
  if (live.condemned) return; // its exit logs it
  const stderr = live.child.stderr();
  if (stderr !== "") log.debug({ stderr }, "engine wrote to stderr");
}

function canceled(): AppError {
  return new AppError("canceled", "The job was canceled.");
}
