/** An engine's process from its start to its end, and what is heard from it; requests are in `engine-process.ts`. */
import { type EngineReply, PROTOCOL, type Ready, replySchema } from "@smileloop/core/engine/protocol.ts";
import { AppError, type ErrorCode } from "@smileloop/core/errors.ts";
import type { Log } from "@smileloop/core/log.ts";
import { shown } from "@smileloop/core/text.ts";
import { makeWorkDir, removeWorkDir } from "../work-dirs.ts";
import { awakeTimer } from "./awake-timer.ts";
import { type Child, startChild } from "./child.ts";

/** `args` name files by absolute path; `env` is all the environment that the engine gets. */
export type EngineCommand = { command: string; args: string[]; env?: Record<string, string> | undefined };

export type EngineLimits = {
  /** Resident memory of the process and all that it started. */
  rssBytes: number;
  /** Kept of stderr for the log; the rest is thrown away. */
  stderrBytes: number;
  /** A longer line is thrown away, and fails the request under way. */
  lineBytes: number;
  /** From the start to `ready`, without the time for which Lambda froze the worker. */
  startMs: number;
  /** From `cancel` to the kill. */
  cancelMs: number;
  /** How often memory is looked at during a request. */
  sampleMs: number;
  /** The least that a request may take, for engines that know better than the kind's estimate. */
  requestMs: number;
};

export const ENGINE_LIMITS: EngineLimits = {
  rssBytes: 1024 ** 3,
  stderrBytes: 64 * 1024,
  lineBytes: 1024 * 1024,
  startMs: 30_000,
  cancelMs: 1000,
  sampleMs: 250,
  requestMs: 0,
};
/** Lines that are not protocol, per request: how many are logged, how many characters of each, and how many are put up with. */
const STRAY_LINES = 20;
const MAX_STRAY_LINES = 10_000;
const STRAY_CHARS = 200;

export type EngineProcessOptions = EngineCommand & {
  /** For the log. */
  name: string;
  workRoot: string;
  log: Log;
  limits?: Partial<EngineLimits> | undefined;
  /** Told when a process has ended that was not stopped: why, as the code of an error. */
  onLost?: ((why: ErrorCode) => void) | undefined;
};

export type Live = {
  child: Child;
  /** Resolves when nothing of it is left: no process, no folder. */
  gone: Promise<void>;
  ready: Ready | null;
  /** Why it was killed. */
  condemned: AppError | null;
  onReply: ((reply: EngineReply) => void) | null;
  strayLines: number;
  served: number;
};

/** `onStarted` is called before `ready` has come. */
export async function launch(
  options: EngineProcessOptions,
  limits: EngineLimits,
  log: Log,
  onStarted: (live: Live) => void,
): Promise<Live> {
  const cwd = makeWorkDir(options.workRoot, "engine");
  const up = Promise.withResolvers<void>();
  const child = startChild({
    command: options.command,
    args: options.args,
    env: options.env ?? {},
    cwd,
    lineBytes: limits.lineBytes,
    stderrBytes: limits.stderrBytes,
    onLine: (line) => {
      if (line !== "") receive(live, line, log, up.resolve);
    },
    onOverlong: () => overlong(live, limits, log),
  });
  const gone = child.exited.then(async ({ code, signal }) => {
    const level = live.condemned?.code === "unavailable" ? "debug" : "warn";
    log[level]({ pid: child.pid, code, signal, killed: live.condemned?.code, stderr: child.stderr() }, "engine exited");
    if (live.condemned?.code !== "unavailable") options.onLost?.(live.condemned?.code ?? "engine_crashed");
    await removeWorkDir(cwd);
  });
  const live: Live = { child, gone, ready: null, condemned: null, onReply: null, strayLines: 0, served: 0 };
  onStarted(live);
  const endTimer = awakeTimer(limits.startMs, () =>
    condemn(live, "engine_timeout", "The engine did not start in time."),
  );
  void gone.then(() => up.reject(live.condemned ?? notStarted(child.stderr())));
  try {
    await up.promise;
  } finally {
    endTimer();
  }
  log.info({ pid: child.pid, version: live.ready?.version }, "engine ready");
  return live;
}

function receive(live: Live, line: string, log: Log, onReady: () => void): void {
  const message = parseLine(line);
  const reply = replySchema.safeParse(message).data;
  const otherVersion = live.ready ? null : otherProtocol(message);
  if (otherVersion !== null) condemn(live, "engine_failed", otherVersion);
  else if (!reply) stray(live, line, log);
  else if (reply.type !== "ready") tell(live, reply, log);
  else if (!live.ready) {
    live.ready = reply;
    onReady();
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** What is wrong with a `ready` of another version of the protocol; null where it is not one. */
function otherProtocol(message: unknown): string | null {
  const { type, protocol } = (message ?? {}) as Record<string, unknown>;
  if (type !== "ready" || protocol === PROTOCOL) return null;
  return `The engine speaks protocol ${shown(protocol, 20)}; this version needs ${PROTOCOL}.`;
}

/** A fault in what is done with a reply costs the request, not the worker. */
function tell(live: Live, reply: EngineReply, log: Log): void {
  try {
    live.onReply?.(reply);
  } catch (error) {
    log.error({ err: error }, "reply of the engine not handled");
    // its answer may be in the same chunk
    live.onReply = null;
    condemn(live, "internal", "Something went wrong on the server.");
  }
}

/** Logs lines that are not protocol, up to a limit; a process that writes nothing else is killed. */
export function stray(live: Live, line: string, log: Log): void {
  const nth = live.strayLines++;
  if (nth < STRAY_LINES) log.warn({ line: line.slice(0, STRAY_CHARS) }, "engine wrote a line that is not protocol");
  if (nth === MAX_STRAY_LINES) condemn(live, "engine_failed", "The engine writes too much that is not protocol.");
}

/** During a request it may have been the answer, which then never comes: nobody waits for it until the time is over. */
function overlong(live: Live, { lineBytes }: EngineLimits, log: Log): void {
  stray(live, `a line of more than ${lineBytes} bytes`, log);
  if (live.onReply) condemn(live, "engine_failed", "The engine gave an answer that is too long.");
}

/** Kills it; whatever was asked of it fails with this. */
export function condemn(live: Live, code: ErrorCode, detail: string): void {
  live.condemned ??= new AppError(code, detail);
  live.child.kill();
}

export function crashed(): AppError {
  return new AppError("engine_crashed", "The engine stopped unexpectedly.");
}

/** An engine that cannot start says why in the first line that it writes to stderr. */
function notStarted(stderr: string): AppError {
  const why = stderr.trimStart().split("\n", 1)[0]!.trim().slice(0, STRAY_CHARS);
  return why === "" ? crashed() : new AppError("engine_crashed", `The engine does not start: ${why}`);
}
