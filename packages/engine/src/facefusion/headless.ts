/**
 * One run of FaceFusion's command line, from a file to a file. Its exit code is not enough to tell what came of it: 0 is also said after
 * an interruption, 1 of everything that failed, and of nothing at all where its own check of pictures has stopped it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import type { Readable } from "node:stream";
import { AppError } from "@smileloop/core/errors.ts";
import { barOf, barSplitter, shareOf } from "./bars.ts";
import { environmentIn, type Place } from "./environment.ts";

export type Run = {
  /** A folder of this run's own, which is made; all that FaceFusion writes is in it. */
  folder: string;
  sources: readonly string[];
  target: string;
  /** Without the paths. */
  args: readonly string[];
  limitMs: number;
  signal: AbortSignal;
  /** How far it is, 0–1. */
  onShare: (share: number) => void;
};

/** From the interruption to the kill. */
export const GRACE_MS = 5000;
const POSIX = process.platform !== "win32";
/** In its process group: kills that as soon as this process is gone, however it went, so that no run outlives its engine. */
const GUARDED = '(read -r _ <&3; kill -s KILL -- -$$) </dev/null >/dev/null 2>&1 & exec "$@" 3<&-';
/** Lines that are kept for the log. */
const KEPT_LINES = 60;

/** `works`: whether it has begun with the frames, which its own check comes before. */
type Ended = { code: number | null; lines: string[]; fetched: boolean; works: boolean };
/** Codes of a run that its own check has stopped: what its parts say is flattened to 1, and an interruption of its own ends well. */
const STOPPED: readonly (number | null)[] = [0, 1, 3];

/**
 * Answers the path of the result, which ends as the target does. Throws `signal.reason`, `no_face` (of the source), `not_supported`,
 * `engine_not_configured`, `content_refused`, `engine_timeout`, `engine_crashed` or `engine_failed`, when nothing of the run is left but files in its folder.
 */
export async function runHeadless(place: Place, run: Run): Promise<string> {
  const [jobs, temp, home, out] = ["jobs", "temp", "home", "out"].map((name) => join(run.folder, name)) as [
    ...[string, string, string, string],
  ];
  for (const folder of [jobs, temp, home, out]) await mkdir(folder, { recursive: true });
  // empty: the operator's own would change what is usual
  const config = join(run.folder, "facefusion.ini");
  await writeFile(config, "");
  const result = join(out, `result${extname(run.target)}`);
  const paths = ["--config-path", config, "--jobs-path", jobs, "--temp-path", temp];
  const sources = run.sources.length > 0 ? ["--source-paths", ...run.sources] : [];
  const files = [...sources, "--target-path", run.target, "--output-path", result];
  const args = ["facefusion.py", "headless-run", ...paths, ...files, ...run.args];
  const limit = AbortSignal.timeout(run.limitMs);
  const ended = await spawned(place, args, { home, run, limit });
  run.signal.throwIfAborted();
  if (ended.code === 0 && existsSync(result) && !ended.fetched && !limit.aborted) return result;
  console.error(ended.lines.join("\n"));
  throw limit.aborted ? tooLong(run.limitMs) : faultOf(ended);
}

/** Resolves when nothing of it is left, whether it has ended or was interrupted. */
function spawned(
  place: Place,
  args: string[],
  { home, run, limit }: { home: string; run: Run; limit: AbortSignal },
): Promise<Ended> {
  const options = { cwd: place.root, env: environmentIn(home, place) };
  const child = POSIX
    ? spawn("/bin/sh", ["-c", GUARDED, "sh", place.python, ...args], {
        ...options,
        detached: true,
        stdio: ["ignore", "pipe", "pipe", "pipe"],
      })
    : spawn(place.python, args, { ...options, windowsHide: true, stdio: ["ignore", "pipe", "pipe"] });
  const lines: string[] = [];
  let [fetched, works] = [false, false];
  const kill = () => killAll(child);
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    if (timer !== undefined) return;
    child.kill("SIGINT");
    timer = setTimeout(kill, GRACE_MS);
  };
  const splitters = ([child.stdout, child.stderr] as Readable[]).map((stream) => {
    const split = barSplitter((line) => {
      const share = shareOf(line);
      works ||= barOf(line)?.name === "processing";
      if (share !== null) return run.onShare(share);
      if (barOf(line)?.name === "downloading") {
        // there is no way out, but it is tried again and again
        fetched = true;
        stop();
      }
      lines.push(line);
      if (lines.length > KEPT_LINES) lines.shift();
    });
    stream.on("data", split);
    return split;
  });
  for (const stream of child.stdio) stream?.on("error", () => {});
  const signals = [run.signal, limit];
  for (const signal of signals) signal.addEventListener("abort", stop);
  if (run.signal.aborted) stop();
  return new Promise((resolve) => {
    const end = (code: number | null): void => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener("abort", stop);
      for (const split of splitters) split();
      resolve({ code, lines, fetched, works });
    };
    child.once("error", ({ message }) => {
      lines.push(message);
      end(null);
    });
    // what it has started may hold the pipes, so it ends with it
    child.once("exit", kill);
    child.once("close", end);
  });
}

/** With all that it has started. */
function killAll(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  try {
    if (POSIX) process.kill(-pid, "SIGKILL");
    else if (child.exitCode === null) spawn("taskkill", ["/pid", String(pid), "/T", "/F"], { stdio: "ignore" });
  } catch {
    // all of them are gone
  }
}

function tooLong(limitMs: number): AppError {
  return new AppError("engine_timeout", `FaceFusion took longer than the ${Math.round(limitMs / 1000)} s it may.`);
}

/** What a run that has left no result says of it. */
function faultOf({ code, lines, fetched, works }: Ended): AppError {
  const text = lines.join("\n");
  const last = (lines.at(-1) ?? "").trim().slice(0, 200);
  if (fetched || /\bcurl\b.*fail|download.*fail|validat\w+ .*fail/i.test(text)) {
    return new AppError(
      "engine_not_configured",
      "FaceFusion lacks a model that these steps need. On its machine: python facefusion.py force-download.",
    );
  }
  if (code === null) return new AppError("engine_crashed", `FaceFusion was killed, or did not start: ${last}`);
  if (code === 2 && /error: argument|unrecognized arguments/.test(text)) {
    return new AppError("not_supported", `FaceFusion does not take what was asked of it: ${last}`);
  }
  if (/no source face/i.test(text)) {
    return new AppError("no_face", "FaceFusion finds no face in the source.", { input: "source" });
  }
  const told = /fail|choose|match|error|traceback/i.test(text);
  if (STOPPED.includes(code) && !told && !works && /processing step/.test(text)) {
    return new AppError(
      "content_refused",
      "FaceFusion stopped before its first frame and gave no reason, as it does where its own content check refuses a picture or a video.",
    );
  }
  if (code === 0) return new AppError("engine_failed", "FaceFusion ended without a result.");
  return new AppError("engine_failed", last === "" ? `FaceFusion ended with ${code}.` : `FaceFusion failed: ${last}`);
}
