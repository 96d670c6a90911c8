/**
 * The child's side of the pipe: `node host.ts [--kinds animate] [--services inspect,check,finish,extract]` speaks the protocol of
 * `core/engine/protocol.ts` on stdin and stdout. It needs no environment, and it is at work in whatever directory it was
 * started in; every path comes with the request.
 *
 * `ready` is said before the heavy modules (FFmpeg, the models) are loaded: they load while the parent gets its first request
 * together, and a request that comes sooner waits only for what it needs.
 */
import { Console } from "node:console";
import { parseArgs } from "node:util";
import {
  type EngineReply,
  type EngineRequest,
  type EngineTask,
  PROTOCOL,
  type Ready,
  type ResultOf,
  requestSchema,
} from "@smileloop/core/engine/protocol.ts";
import { AppError, type ErrorCode } from "@smileloop/core/errors.ts";
import manifest from "../package.json" with { type: "json" };
import { readLines } from "./lines.ts";
import type { TaskContext } from "./task.ts";

const ENGINE = "warp";
const KINDS = ["animate"];
const SERVICES: Ready["services"] = ["inspect", "check", "finish", "extract"];
/** Curves of a minute at 60 frames a second, all channels, take a tenth of it. */
const MAX_LINE_BYTES = 32 * 1024 * 1024;
const PROGRESS_EVERY_MS = 100;

type Current = { run: string; controller: AbortController };
let current: Current | undefined;

const writeOut = process.stdout.write.bind(process.stdout);
keepStdoutClean();
exitWhenAlone();
const { kinds, services } = readArguments();
reply({ type: "ready", protocol: PROTOCOL, engine: ENGINE, version: manifest.version, kinds, services, slots: 1 });
setImmediate(() => void preload());

for await (const line of readLines(process.stdin, MAX_LINE_BYTES)) {
  if ("tooLong" in line) refuse("", "invalid_request", `A line has at most ${MAX_LINE_BYTES} bytes.`);
  else take(line.text);
}
process.exit(0);

function take(text: string): void {
  const request = parse(text);
  if (request === undefined) return;
  if (request.type === "cancel") {
    if (current?.run === request.run) {
      current.controller.abort(new AppError("canceled", "The job was canceled."));
    }
    return;
  }
  if (current !== undefined) {
    refuse(request.run, "unavailable", "This engine takes one request at a time.");
  } else if (!serves(request)) {
    refuse(request.run, "not_supported", `This engine process does not serve "${request.type}".`);
  } else {
    void work(request);
  }
}

/** The request in a line; an unreadable one is answered at once. */
function parse(text: string): EngineRequest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    refuse("", "invalid_request", "The line is not JSON.");
    return undefined;
  }
  const parsed = requestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const run = (value as { run?: unknown } | null)?.run;
  const issue = parsed.error.issues[0];
  const where = issue !== undefined && issue.path.length > 0 ? `${issue.path.join(".")}: ` : "";
  const detail = `The request is not valid: ${where}${issue?.message ?? "unknown"}`;
  refuse(typeof run === "string" && run.length <= 64 ? run : "", "invalid_request", detail);
  return undefined;
}

function serves(request: EngineTask): boolean {
  return request.type === "run" ? kinds.includes(request.kind) : services.includes(request.type);
}

async function work(request: EngineTask): Promise<void> {
  const { run } = request;
  const controller = new AbortController();
  current = { run, controller };
  try {
    const result = await perform(request, { signal: controller.signal, progress: progressOf(run) });
    controller.signal.throwIfAborted();
    current = undefined;
    reply({ type: "done", run, result });
  } catch (error) {
    current = undefined;
    fail(run, controller.signal.aborted ? controller.signal.reason : error);
  }
}

async function perform(request: EngineTask, context: TaskContext): Promise<ResultOf[keyof ResultOf]> {
  switch (request.type) {
    case "run":
      return (await import("./warp/animate.ts")).animate(request, context);
    case "inspect":
      return (await import("./services/inspect.ts")).inspect(request, context);
    case "check":
      return (await import("./services/check.ts")).check(request, context);
    case "finish":
      return (await import("./services/finish.ts")).finish(request, context);
    case "extract":
      return (await import("./services/extract.ts")).extract(request, context);
  }
}

/** Passes progress on: at most ten times a second, and never a share below one that was said. */
function progressOf(run: string): TaskContext["progress"] {
  let share = -1;
  let saidAt = -Infinity;
  return (stage, done, total) => {
    const now = performance.now();
    if (current?.run !== run || !(done / total > share)) return;
    if (now - saidAt < PROGRESS_EVERY_MS && done < total) return;
    share = done / total;
    saidAt = now;
    reply({ type: "progress", run, stage, done, total });
  };
}

/** What the first request will need. Whether it loads is for that request to tell. */
async function preload(): Promise<void> {
  const needed: (() => Promise<unknown>)[] = [];
  if (kinds.length > 0) needed.push(() => import("./warp/animate.ts"));
  if (services.includes("check")) needed.push(() => import("./services/check.ts"));
  if (services.includes("inspect")) needed.push(() => import("./services/inspect.ts"));
  if (services.includes("finish")) needed.push(() => import("./services/finish.ts"));
  for (const load of needed) await load().catch(() => {});
}

function fail(run: string, error: unknown): void {
  if (!(error instanceof AppError) || error.cause !== undefined) console.error(`run ${run}:`, error);
  if (error instanceof AppError) refuse(run, error.code, error.message);
  else refuse(run, "engine_failed", "The engine failed on this job. Trying again, or another picture, may help.");
}

function refuse(run: string, code: ErrorCode, detail: string): void {
  reply({ type: "failed", run, code, detail });
}

function reply(message: EngineReply): void {
  writeOut(`${JSON.stringify(message)}\n`);
}

/** Only protocol goes to stdout: whatever else is printed goes to stderr. */
function keepStdoutClean(): void {
  globalThis.console = new Console(process.stderr, process.stderr);
  process.stdout.write = process.stderr.write.bind(process.stderr) as typeof process.stdout.write;
}

/** Nobody reads the replies any more, or something broke that no request answers for: then there is nothing left to do. */
function exitWhenAlone(): void {
  process.stdout.on("error", () => process.exit(0));
  process.stderr.on("error", () => {});
  process.on("uncaughtException", (error) => {
    console.error("uncaught:", error);
    if (current !== undefined) refuse(current.run, "engine_failed", "The engine failed on this job.");
    process.exit(1);
  });
}

function readArguments(): { kinds: string[]; services: Ready["services"] } {
  try {
    const { values } = parseArgs({
      options: {
        kinds: { type: "string", default: KINDS.join() },
        services: { type: "string", default: SERVICES.join() },
      },
    });
    const known = <T extends string>(name: string, text: string, all: readonly T[]): T[] =>
      text.split(",").filter((word): word is T => {
        if (word !== "" && !all.includes(word as T)) throw new Error(`--${name} knows ${all.join(", ")}, not ${word}`);
        return word !== "";
      });
    return { kinds: known("kinds", values.kinds, KINDS), services: known("services", values.services, SERVICES) };
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  }
}
