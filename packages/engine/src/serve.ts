/**
 * The child's side of the pipe: speaks the protocol of `core/engine/protocol.ts` on stdin and stdout for whatever an engine
 * offers. It needs no environment, and it is at work in whatever directory it was started in; every path comes with the request.
 *
 * `ready` is said before the heavy modules (FFmpeg, the models) are loaded: they load while the parent gets its first request
 * together, and a request that comes sooner waits only for what it needs.
 */
import { Console } from "node:console";
import { parseArgs } from "node:util";
import {
  cancelSchema,
  type EngineReply,
  type EngineRequest,
  PROTOCOL,
  requestSchema,
} from "@smileloop/core/engine/protocol.ts";
import { AppError, type ErrorCode } from "@smileloop/core/errors.ts";
import { lineSplitter } from "@smileloop/core/lines.ts";
import type { z } from "zod";
import type { Offer, Part, TaskContext } from "./task.ts";

/**
 * `args` may choose a part of the offer: `--kinds`, `--checks`, `--services`, each a list of names; and `--engine`, another name, where
 * the same code serves several engines.
 */
type ServeOptions = { engine: string; version: string; offer: Offer; args: string[] };

/** Curves of a minute at 60 frames a second, all channels, take a tenth of it. */
const MAX_LINE_BYTES = 32 * 1024 * 1024;
const PROGRESS_EVERY_MS = 100;

/** The request under way; `ended` resolves when it has ended. */
let current: { run: string; controller: AbortController; ended: Promise<void> } | undefined;
const writeOut = process.stdout.write.bind(process.stdout);

/** Serves until stdin ends, and then exits; exits with 2, and a sentence, for arguments that it does not know. */
export function serve({ engine: usual, version, offer: all, args }: ServeOptions): void {
  keepStdoutClean();
  exitWhenAlone();
  const { engine = usual, ...offer } = chosenOf(all, args);
  const { kinds, checks, services } = namesOf(offer);
  reply({ type: "ready", protocol: PROTOCOL, engine, version, kinds, checks, services });
  setImmediate(() => void preload(offer));
  const tooLong = () => refuse("", "invalid_request", `A line has at most ${MAX_LINE_BYTES} bytes.`);
  process.stdin.on(
    "data",
    lineSplitter(MAX_LINE_BYTES, (line) => take(line, offer), tooLong),
  );
  process.stdin.on("end", () => process.exit(0));
}

function take(text: string, offer: Offer): void {
  const request = parse(text);
  if (request?.type === "cancel") cancel(request);
  else if (request !== undefined) begin(request, offer);
}

function begin(request: EngineRequest, offer: Offer): void {
  const { run } = request;
  const part = partOf(request, offer);
  const task = part === undefined ? undefined : readBy(part.schema, request, run);
  if (part === undefined) refuse(run, "not_supported", unserved(request));
  else if (task !== undefined && current !== undefined)
    refuse(run, "unavailable", "This engine takes one request at a time.");
  else if (task !== undefined) void work(part, task, run);
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
  const run = (value as { run?: unknown } | null)?.run;
  return readBy(requestSchema, value, typeof run === "string" && run.length <= 64 ? run : "");
}

function readBy<T>(schema: z.ZodType<T>, value: unknown, run: string): T | undefined {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue !== undefined && issue.path.length > 0 ? `${issue.path.join(".")}: ` : "";
  refuse(run, "invalid_request", `The request is not valid: ${where}${issue?.message ?? "unknown"}`);
  return undefined;
}

function cancel(request: EngineRequest): void {
  if (readBy(cancelSchema, request, request.run) === undefined || current?.run !== request.run) return;
  current.controller.abort(new AppError("canceled", "The job was canceled."));
}

function partOf({ type, kind = "" }: EngineRequest, { runs, checks, services }: Offer): Part | undefined {
  if (type === "run") return own(runs, kind);
  return type === "check" ? own(checks, kind) : own(services, type);
}

function own<T>(list: Record<string, T>, name: string): T | undefined {
  return Object.hasOwn(list, name) ? list[name] : undefined;
}

function unserved({ type, kind }: EngineRequest): string {
  return `This engine process does not serve "${type}"${kind === undefined ? "" : ` of the kind "${kind}"`}.`;
}

async function work(part: Part, task: unknown, run: string): Promise<void> {
  const controller = new AbortController();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  current = { run, controller, ended };
  try {
    const perform = await part.load();
    const result = await perform(task, {
      signal: controller.signal,
      progress: progressOf(run),
      output: (name) => {
        if (current?.run === run) reply({ type: "output", run, name });
      },
    });
    controller.signal.throwIfAborted();
    current = undefined;
    reply({ type: "done", run, result });
  } catch (error) {
    current = undefined;
    fail(run, controller.signal.aborted ? controller.signal.reason : error);
  } finally {
    end();
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

/** Loads what the first requests will need, while there is none. Whether it loads is for them to tell. */
async function preload({ runs, checks, services }: Offer): Promise<void> {
  const parts = [runs, checks, services].flatMap((each) => Object.values(each)).filter(({ later }) => !later);
  const loads = new Set([...parts.map(({ load }) => load), ...parts.flatMap(({ warm }) => warm)]);
  for (const load of loads) {
    while (current) await current.ended;
    await load().catch(() => {});
    // lets in what has come meanwhile
    await new Promise(setImmediate);
  }
}

function fail(run: string, error: unknown): void {
  if (!(error instanceof AppError) || error.cause !== undefined) console.error(`run ${run}:`, error);
  if (error instanceof AppError) refuse(run, error.code, error.message, error.input);
  else refuse(run, "engine_failed", "The engine failed on this job. Trying again, or another picture, may help.");
}

function refuse(run: string, code: ErrorCode, detail: string, input?: string): void {
  reply({ type: "failed", run, code, detail, ...(input === undefined ? {} : { input }) });
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

function namesOf({ runs, checks, services }: Offer): { kinds: string[]; checks: string[]; services: string[] } {
  return { kinds: Object.keys(runs), checks: Object.keys(checks), services: Object.keys(services) };
}

/** The parts that the arguments name, in their order. */
function chosenOf({ runs, checks, services }: Offer, args: string[]): Offer & { engine?: string | undefined } {
  const list = { type: "string" } as const;
  try {
    const { values } = parseArgs({ args, options: { engine: list, kinds: list, checks: list, services: list } });
    return {
      engine: values.engine,
      runs: pick("kinds", values.kinds, runs),
      checks: pick("checks", values.checks, checks),
      services: pick("services", values.services, services),
    };
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  }
}

function pick(option: string, names: string | undefined, parts: Record<string, Part>): Record<string, Part> {
  if (names === undefined) return parts;
  const chosen = names.split(",").filter((name) => name !== "");
  return Object.fromEntries(
    chosen.map((name) => {
      const found = own(parts, name);
      if (found === undefined) throw new Error(`--${option} knows ${Object.keys(parts).join(", ")}, not ${name}`);
      return [name, found];
    }),
  );
}
